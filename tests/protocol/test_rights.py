"""Rights: every operation has a row, and what no host may do an order may."""

from evidock_protocol import codes, names, rights


def test_every_operation_has_its_row():
    assert sorted(row[0] for row in rights.RIGHTS) == [row[0] for row in names.OPERATIONS]


def test_every_role_is_one():
    known = [row[0] for row in names.ROLES]
    assert all(role in known or (role == 0 and order) for _operation, role, order in rights.RIGHTS)
    assert sum(known) == codes.ALL_ROLES


def test_nobody_but_the_organisation_resets_a_recorder():
    for operation in (codes.OPERATION_RESET, codes.OPERATION_ORGANISATION):
        assert rights.role_for(operation) == 0
        assert rights.may_order(operation)
    assert rights.role_for(codes.OPERATION_DELETE) == codes.ROLE_RECEIPT
    assert not rights.may_order(codes.OPERATION_DELETE)
    assert rights.role_for(99) == 0
    assert not rights.may_order(99)
