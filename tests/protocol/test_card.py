"""Names on the card, in 8.3 form."""

import pytest

from evidock_protocol import card, codes, names
from evidock_protocol.errors import Malformed


def test_names() -> None:
    assert card.recording_folder(1) == "R0000001"
    assert card.segment_stem(9_999_999) == "S9999999"
    assert card.device_folder(bytes.fromhex("0a1b2c3d4e")) == "EVIDOCK/0A1B2C3D"


@pytest.mark.parametrize("number", [0, -1, 10_000_000])
def test_numbers_that_no_name_holds(number: int) -> None:
    with pytest.raises(Malformed):
        card.recording_folder(number)
    with pytest.raises(Malformed):
        card.segment_stem(number)


def test_every_media_type_has_an_extension() -> None:
    assert [number for number, _extension in card.EXTENSIONS] == [number for number, _name in names.MEDIA]
    assert card.extension(codes.MEDIA_WAV) == "WAV"
    with pytest.raises(Malformed):
        card.extension(99)


def test_names_fit_8_3() -> None:
    names = [card.JOURNAL, card.PRIVATE, card.IDENTITY, card.ROOT]
    names += [f"{card.segment_stem(1)}.{extension}" for _number, extension in card.EXTENSIONS]
    names += [f"{card.segment_stem(1)}.{extension}" for extension in (card.LEAVES, card.CHECKPOINTS)]
    for name in names:
        stem, _, extension = name.partition(".")
        assert len(stem) <= 8
        assert len(extension) <= 3
        assert name == name.upper()
