"""AT-5, AT-12: the newest entry rots in flash. A host that never had it goes on; one that has it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from device.test_review_cases import rot
from stateful.rig import Rig

from evidock.docking import sync
from evidock.errors import BadEvidence
from evidock.report import Verdict
from evidock.verification import verify


def shift(folder: Path) -> Rig:
    rig = Rig(folder / "store", {})
    rig.record()
    rig.wait(20_000)
    return rig


def loses_its_newest(rig: Rig) -> None:
    """Nor has any card a copy."""
    agent = rig.world.agent
    assert agent is not None
    rig.world.medium = None
    rot(rig.world, agent.journal.size - 1)
    rig.world.clock.now += 5_000
    rig._boot(0)
    rig.world.settle()
    rig.world.run(3_000)
    rig.world.settle()


def test_at_5_a_newest_entry_that_rotted_is_a_declared_loss(tmp_path: Path) -> None:
    rig = shift(tmp_path)
    rig.mark()
    loses_its_newest(rig)
    for _ in range(2):  # a second docking takes up a journal with a hole
        with rig._client() as client:
            sync(client, rig.store)
        rig.world.run(3_000)
    rig.store.close()
    report = verify(rig.folder, trust=[rig.organisation.key.public.hex()])
    codes = {one.code: one.verdict for one in report.findings}
    assert codes["JOURNAL"] is Verdict.INCOMPLETE
    assert Verdict.ALTERED not in codes.values(), report.findings
    assert report.verdict is Verdict.INCOMPLETE


def test_at_17_a_key_that_nothing_names_is_refused(tmp_path: Path) -> None:
    """The newest entry was EPOCH: the recorder goes on with its next key, and no entry says that it is its own."""
    rig = shift(tmp_path)
    rig.record()
    loses_its_newest(rig)
    with pytest.raises(BadEvidence), rig._client() as client:
        sync(client, rig.store)
    rig.store.close()


def test_at_12_a_host_that_has_it_refuses(tmp_path: Path) -> None:
    rig = shift(tmp_path)
    rig.record()
    with rig._client() as client:
        sync(client, rig.store)
    size = rig.store.archive(next(iter(rig.store.custody.enrolled))).chain.size
    assert rig.world.agent is not None
    assert size == rig.world.agent.journal.size
    loses_its_newest(rig)
    with pytest.raises(BadEvidence), rig._client() as client:
        sync(client, rig.store)
    assert rig.store.archive(next(iter(rig.store.custody.enrolled))).chain.size == size
    rig.store.close()
