"""What the claims of each paper are tested for: they hold by the paper's own numbers, and each can
fall.
"""


class PaperClaims:
    """Subclassed a paper, with its numbers by table, row and column, and breaks.

    breaks: (claim, table, row, column, a number there by which the claim does not hold), at least
    one a claim.
    """

    paper: str
    claims: dict
    numbers: dict
    breaks: list[tuple]

    def pytest_generate_tests(self, metafunc):
        if "broken" in metafunc.fixturenames:
            ids = ["-".join(str(part) for part in one) for one in self.breaks]
            metafunc.parametrize("broken", self.breaks, ids=ids)

    def test_by_the_papers_numbers_its_claims_hold(self, settled):
        found = settled(self.paper, self.claims, self.numbers)
        verdicts = {name: record["verdict"] for name, record in found.items()}
        assert verdicts == dict.fromkeys(self.claims, "held")

    def test_a_claim_falls_with_its_number(self, settled, broken):
        claim, table, *cell = broken
        numbers = with_number(self.numbers, table, *cell)
        record = settled(self.paper, self.claims, numbers)[f"{self.paper}.{claim}"]
        assert record["verdict"] == "against"
        assert record["evidence"]["file"] == f"{self.paper}.{table}.json"

    def test_every_claim_has_a_number_that_breaks_it(self):
        assert {f"{self.paper}.{claim}" for claim, *_ in self.breaks} == set(self.claims)


def with_number(numbers: dict, table: str, row: str, column: str, value: float) -> dict:
    """A copy of the numbers with another one in one cell."""
    return {**numbers, table: {**numbers[table], row: {**numbers[table][row], column: value}}}
