"""Places by number: what a dictionary would answer."""

from random import Random

from exchange.core.places import FIRST, NOWHERE, Places


def test_numbers_of_one_chain_do_not_hide_each_other() -> None:
    places = Places()
    numbers = [7 + FIRST * n for n in range(4)]
    for place, number in enumerate(numbers):
        places.put(number, place)
    places.drop(numbers[1])
    places.drop(numbers[3])
    assert [places.find(number) for number in numbers] == [0, NOWHERE, 2, NOWHERE]


def test_it_answers_as_a_dictionary_does() -> None:
    random, places = Random(3), Places()
    model: dict[int, int] = {}
    free = list(range(5 * FIRST))
    for number in range(1, 20 * FIRST):
        if model and (not free or random.random() < 0.4):
            gone = random.choice(list(model))
            places.drop(gone)
            free.append(model.pop(gone))
        else:
            model[number] = free.pop(random.randrange(len(free)))
            places.put(number, model[number])
    assert len(model) > 2 * FIRST, "a table that never grew shows nothing"
    assert places.count == len(model)
    expected = [model.get(number, NOWHERE) for number in range(20 * FIRST)]
    assert [places.find(number) for number in range(20 * FIRST)] == expected
