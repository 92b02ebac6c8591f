"""What of the suites runs on CPython only, each with its reason. Everything else runs on MicroPython too."""

from __future__ import annotations

# Whole files.
FILES: dict[str, str] = {
    "tests/device/ports/test_simulator_ports.py": "starts MicroPython itself for the contract of the ports, on a pty",
    "tests/device/test_review_cases.py": "known faults, each expected to fail: what fails on CPython fails there too",
    "tests/device/test_life.py": "hypothesis's own search through whole lives; the files beside it do what it does",
    "tests/protocol/test_states.py": "compares a document with the tables of states and steps: no code runs",
    "tests/protocol/test_specification.py": "compares a document with tables of protocol and host: no code runs",
}
MAKER = "the maker of the vectors writes JSON in CPython's form, from dicts that keep their order"
MEMORY = "tracemalloc; tests/micropython/test_protocol_codecs.py measures what MicroPython allocates"
VIPER = "a model of viper for CPython; MicroPython runs the real one"
WAVE = "the other reader is CPython's wave"
# Single tests: file, then test (with "-label": one row of its parameters, see `run.shown`) and reason.
TESTS: dict[str, dict[str, str]] = {
    "tests/device/crypto/test_ed25519.py": {"test_vectors_are_what_their_maker_writes": MAKER},
    "tests/device/crypto/test_sha512.py": {
        "test_cpython_uses_its_own": "MicroPython has no SHA-512 of its own",
        "test_viper_at_either_width": VIPER,
    },
    "tests/device/test_answer_frame.py": {
        "test_cpython_has_no_viper": "the name says it",
        "test_viper_at_either_width": VIPER,
    },
    "tests/device/test_segment.py": {"test_roots_leaves_and_header": WAVE},
    "tests/protocol/test_cbor.py": {
        "test_hostile_sizes_cost_little": MEMORY,
        "test_messages_do_not_repeat_content": "MicroPython keeps no __cause__",
        "test_vectors_are_what_their_maker_writes": MAKER,
    },
    "tests/protocol/test_entry.py": {
        "test_every_signature_of_the_sample_journal_holds": MAKER,
        "test_vectors_are_what_their_maker_writes": MAKER,
    },
    "tests/protocol/test_framing.py": {
        "test_garbage_without_end_is_bounded": MEMORY,
        "test_vectors_are_what_their_maker_writes": MAKER,
    },
    "tests/protocol/test_merkle.py": {"test_vectors_are_what_their_maker_writes": MAKER},
    "tests/protocol/test_versions.py": {
        "test_the_software_version_is_the_package_version": "reads pyproject.toml with tomllib",
    },
    "tests/protocol/test_wav.py": {"test_another_reader_reads_the_sound": WAVE},
}
# What takes MicroPython more than ten seconds: run on its desktop build with the hunts (`pytest -m hunt`), on CPython
# by default. Not on the WebAssembly build: it collects garbage only between two calls from JavaScript, so its memory
# ends.
LONG: dict[str, list[str]] = {
    "tests/device/test_power_cuts.py": [
        "test_a_cut_anywhere_in_a_recovery",
        "test_a_cut_anywhere_in_a_shift",
        "test_a_cut_anywhere_in_provisioning",
        "test_a_cut_anywhere_in_provisioning_a_used_chip",
        "test_a_cut_while_segments_rotate",
    ],
    "tests/device/test_deletion.py": [
        "test_a_cut_anywhere_in_a_deletion",
        "test_a_cut_anywhere_while_room_is_made",
        "test_a_file_is_there_unless_a_tombstone_names_it",
    ],
    "tests/device/test_secrets.py": [
        "test_a_cut_anywhere_in_a_change_leaves_one_key",
        "test_a_cut_anywhere_in_provisioning_leaves_no_second_key",
        "test_a_reset_leaves_nothing_of_the_keys_before",
        "test_while_the_ring_has_no_slot_the_old_key_stays_the_only_one",
    ],
    # These two take seconds, but up to 1.5 GB on the WebAssembly build.
    "tests/device/test_provisioning.py": ["test_a_cut_at_any_operation_leaves_a_blank_recorder_or_a_provisioned_one"],
    "tests/device/test_orders.py": ["test_a_cut_at_any_operation_of_an_order"],
    "tests/device/test_states.py": ["test_every_step_of_provisioning_cut"],
    "tests/device/test_trusted.py": ["test_a_cut_at_any_operation_keeps_what_is_durable"],
    "tests/device/test_interruptions.py": ["test_a_flood_without_end_leaves_room_for_causes"],
    "tests/device/test_recorder.py": ["test_long_recordings_change_the_key"],
    "tests/device/test_recovered_pictures.py": ["test_a_file_longer_than_any_segment_is_not_read_to_its_end"],
    "tests/device/test_sound_faults.py": ["test_a_clock_that_steps_back_while_pictures_come"],
    "tests/device/test_recovery.py": [
        "test_boots_without_end_and_without_a_card_leave_a_recorder_that_docks_with_one",
        "test_boots_without_end_never_fill_a_recorder_with_a_card",
    ],
}
# Files that take the desktop build more than ten seconds: run there with the hunts, too.
SLOW = {
    "tests/device/test_commands.py",
    "tests/device/test_deletion.py",
    "tests/device/test_recorder.py",
    "tests/device/test_recovered_pictures.py",
    "tests/device/test_recovery.py",
    "tests/device/test_secrets.py",
    "tests/device/test_strict_device.py",
    "tests/device/test_thief.py",
    "tests/device/test_tracks.py",
    "tests/device/test_trusted.py",
}
# Files that take the WebAssembly build more than ten seconds: run there with the hunts.
HEAVY = {
    "tests/device/test_answer_frame.py",
    "tests/device/test_bad_flash.py",
    "tests/device/test_bad_flash_anywhere.py",
    "tests/device/test_commands.py",
    "tests/device/test_deletion.py",
    "tests/device/test_interruptions.py",
    "tests/device/test_mirror.py",
    "tests/device/test_orders.py",
    "tests/device/test_picture.py",
    "tests/device/test_picture_agent.py",
    "tests/device/test_power_cuts.py",
    "tests/device/test_provisioning.py",
    "tests/device/test_recorder.py",
    "tests/device/test_recovered_pictures.py",
    "tests/device/test_recovery.py",
    "tests/device/test_secrets.py",
    "tests/device/test_session.py",
    "tests/device/test_session_bounds.py",
    "tests/device/test_sound_faults.py",
    "tests/device/test_sound_time.py",
    "tests/device/test_states.py",
    "tests/device/test_strict_device.py",
    "tests/device/test_thief.py",
    "tests/device/test_tracks.py",
    "tests/device/test_transfer.py",
    "tests/device/test_trusted.py",
    "tests/device/test_unpaired.py",
    "tests/device/test_watch.py",
}


def tests(file: str) -> set[str]:
    """The tests of one file that stay on CPython."""
    return set(TESTS.get(file, {}))
