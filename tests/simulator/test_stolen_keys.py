"""Keys of simulated recorders are stolen by their seed, and a journal that goes on with them is one that holds."""

from pathlib import Path

import pytest
from simulator.test_lane import entries, provisioned, with_events

from evidock_agent.crypto import ed25519
from evidock_protocol import codes, entry, kinds, merkle, sign1
from evidock_simulator.attacks.stolen_keys import Journal, Key, recorder_keys, recorder_seeds


class Kept:
    """As much of a copy's recorder as thieves look at."""

    def __init__(self, items: list[entry.Entry]):
        self.folder = Path("copy")
        self.genesis = items[0]
        self._items = items

    def parsed(self) -> list[entry.Entry]:
        return self._items


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[entry.Entry]:
    folder = tmp_path_factory.mktemp("recorder")
    recorder = provisioned(with_events(folder), folder, 7)
    recorder.run_until("docked")
    found = entries(recorder)
    recorder.close()
    return found


def test_the_seed_of_each_epoch_is_found(items: list[entry.Entry]) -> None:
    named = [one.body["public_key"] for one in items if one.kind in (kinds.GENESIS, kinds.EPOCH)]
    assert len(named) > 2
    assert [ed25519.public_key(seed) for seed in recorder_seeds(Kept(items))] == named  # type: ignore[arg-type]


def test_other_recorders_keep_theirs(items: list[entry.Entry], tmp_path: Path) -> None:
    recorder = provisioned(with_events(tmp_path), tmp_path, 1 << 20)
    with pytest.raises(ValueError, match="--seed below"):
        recorder_seeds(Kept(entries(recorder)))  # type: ignore[arg-type]
    recorder.close()


def test_a_journal_that_goes_on_holds(items: list[entry.Entry]) -> None:
    """Each entry follows from the one before, under the key that its epoch has, and EPOCH has the tree before it."""
    journal = Journal([one.raw for one in items], recorder_keys(Kept(items)))  # type: ignore[arg-type]
    following = Key(bytes(31) + b"1")
    mark = {"recording": None, "type": codes.MARK_EVIDENCE, "count": 1}
    journal.add(kinds.MARK, mark)
    journal.change_epoch(codes.EPOCH_STOP, following)
    journal.restart()
    journal.add(kinds.MARK, mark)
    made = [entry.parse(raw) for raw in journal.entries]
    key, tree = items[0].body["public_key"], merkle.TreeHasher()
    for place, one in enumerate(made):
        assert isinstance(key, bytes)
        assert ed25519.verify(key, sign1.signed_bytes(one.typ, one.key_id, one.payload), one.signature)
        assert (one.sequence, one.previous) == (place, made[place - 1].hash if place else bytes(32))
        if one.kind == kinds.EPOCH:
            assert (one.body["size"], one.body["root"]) == (place, tree.root())
            key = one.body["public_key"]
        tree.append(merkle.leaf_hash(one.hash))
    assert key == following.public
    assert made[-1].boot == items[-1].boot + 1
