"""Verifies forged stores, and says in one line what a test expects of the report."""

from pathlib import Path

from support.forge import Host

from evidock.report import Finding, Report, Verdict
from evidock.verification import verify


def report_of(folder: Path, host: Host, **options: object) -> Report:
    """The report on `folder` for someone who pinned the host's organisation."""
    options.setdefault("trust", [host.pin])
    return verify(folder, **options)  # type: ignore[arg-type]


def only(report: Report, code: str) -> Finding:
    """The one finding of `code`."""
    found = [finding for finding in report.findings if finding.code == code]
    assert len(found) == 1, [finding.to_json() for finding in report.findings]
    return found[0]


def expect(report: Report, verdict: Verdict, code: str, attack: int) -> Finding:
    """Asserts the verdict, that `code` was found with its attack, and that nothing worse forced the verdict; that
    finding.
    """
    codes = [(finding.code, finding.attack) for finding in report.findings]
    assert (code, attack) in codes, codes
    assert report.verdict is verdict, codes
    return next(finding for finding in report.findings if (finding.code, finding.attack) == (code, attack))
