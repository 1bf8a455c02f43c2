"""Rows by number: what a dictionary would answer."""

from random import Random

from exchange.core.book import HISTORY_OWNER, NONE, Book
from exchange.core.places import FIRST, Places


def placed(book: Book, places: Places, number: int) -> int:
    row = book.add(HISTORY_OWNER, 100, 1, buy=True)
    book.name(row, number)
    places.put(row)
    return int(row)


def test_numbers_of_one_chain_do_not_hide_each_other() -> None:
    book = Book()
    places = Places(book)
    numbers = [7 + FIRST * n for n in range(4)]
    rows = [placed(book, places, number) for number in numbers]
    places.drop(rows[1])
    places.drop(rows[3])
    assert [places.find(number) for number in numbers] == [rows[0], NONE, rows[2], NONE]


def test_it_answers_as_a_dictionary_does() -> None:
    random, book = Random(3), Book()
    places, model = Places(book), dict[int, int]()
    for number in range(1, 20 * FIRST):
        if model and random.random() < 0.4:
            row = model.pop(random.choice(list(model)))
            places.drop(row)
            book.remove(row)
        else:
            model[number] = placed(book, places, number)
    assert places.count == len(model) > 2 * FIRST, "a table that never grew shows nothing"
    expected = [model.get(number, NONE) for number in range(20 * FIRST)]
    assert [places.find(number) for number in range(20 * FIRST)] == expected
