"""The pure part: synchronous, exact, without IO, clock or chance.  Compiled by mypyc."""
