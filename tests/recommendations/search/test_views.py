"""The search's screens."""

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from merchants.models import AuditEntry, Membership, Merchant, Role
from recommendations.models import SearchTerm, Synonym
from recommendations.search.searching import search
from tests.factories import MembershipFactory


@pytest.fixture
def terms(merchant: Merchant, stranger: Membership) -> None:
    today = timezone.localdate(timezone=merchant.tz)
    rows = [(merchant, 0, "zelt", 9, 0), (merchant, 1, "zelt", 1, 0), (merchant, 2, "hängematte", 4, 4)]
    rows += [(merchant, 3, "=fahrrad", 2, 1), (merchant, 40, "ofen", 7, 7), (stranger.merchant, 0, "geheim", 3, 3)]
    for owner, ago, text, searches, missed in rows:
        SearchTerm.objects.create(
            merchant=owner, day=today - timedelta(days=ago), text=text, searches=searches, without_result=missed
        )


def url(merchant: Merchant, name: str, *args: Any) -> str:
    return reverse(name, args=[merchant.slug, *args])


@pytest.mark.usefixtures("terms")
class TestReport:
    def test_at_first_it_shows_what_people_did_not_find(self, client: Client, merchant: Merchant):
        page = client.get(url(merchant, "search_report")).text
        assert page.index("hängematte") < page.index("=fahrrad")
        assert ">zelt<" not in page
        assert "ofen" not in page
        assert "geheim" not in page
        assert "31.2%" in page  # 5 of 16

    def test_all_of_a_longer_period_with_a_word(self, client: Client, merchant: Merchant):
        page = client.get(url(merchant, "search_report"), {"days": 90, "show": "all"}).text
        assert page.index(">zelt<") < page.index(">ofen<") < page.index(">hängematte<")
        page = client.get(
            url(merchant, "search_report"), {"show": "all", "q": "Häng"}, headers={"HX-Request": "true"}
        ).text
        assert "hängematte" in page
        assert "<html" not in page
        assert ">zelt<" not in page

    @pytest.mark.parametrize("query", [{"days": "x"}, {"days": "10000"}, {"show": "x"}, {"q": "\0"}, {"q": "x" * 300}])
    def test_a_strange_address_is_no_error(self, client: Client, merchant: Merchant, query: dict[str, str]):
        assert client.get(url(merchant, "search_report"), query).status_code == 200

    def test_the_table_can_be_downloaded_and_holds_no_formulas(self, client: Client, merchant: Merchant):
        answer = client.get(url(merchant, "search_export"))
        rows = list(csv.reader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()))
        assert [row[:3] for row in rows[1:]] == [["hängematte", "4", "4"], ["'=fahrrad", "2", "1"]]

    def test_an_analyst_reads_and_is_offered_nothing_to_change(self, merchant: Merchant):
        browser = Client()
        browser.force_login(MembershipFactory(merchant=merchant, role=Role.ANALYST).staff)
        assert "synonyms/add" not in browser.get(url(merchant, "search_report")).text


class TestSynonyms:
    def post(self, client: Client, address: str, **data: str) -> Any:
        return client.post(address, {"direction": "same", "finds": ""} | data)

    def test_a_search_without_result_becomes_a_synonym(self, client: Client, range_of_goods: Merchant):
        address = url(range_of_goods, "synonym_add")
        assert "Treter" in client.get(address, {"words": "Treter"}).text
        answer = self.post(client, address, words="Treter, schuhe\n TRETER , ")
        assert answer.status_code == 302
        stored = Synonym.objects.for_merchant(range_of_goods).get()
        assert (stored.words, stored.finds) == (["TRETER", "schuhe"], [])
        assert search(range_of_goods, "treter").total == 2
        assert AuditEntry.objects.for_merchant(range_of_goods).filter(action="synonym.added").exists()

    @pytest.mark.parametrize(
        ("data", "error"),
        [
            ({"words": "one"}, "Two words at least"),
            ({"words": " , "}, "This field is required"),
            ({"words": "a, !!"}, "holds no word"),
            ({"words": f"a, {'x' * 81}"}, "longer than 80"),
            ({"words": ",".join(f"w{n}" for n in range(21))}, "At most 20 words"),
            ({"words": "a", "direction": "one_way"}, "Say which words"),
            ({"words": "a, b", "direction": "up"}, "Select a valid choice"),
        ],
    )
    def test_what_makes_no_sense_is_told(self, client: Client, merchant: Merchant, data: dict[str, str], error: str):
        answer = self.post(client, url(merchant, "synonym_add"), **data)
        assert answer.status_code == 422
        assert error in answer.text
        assert not Synonym.objects.for_merchant(merchant).exists()

    def test_one_of_several_staff_notices_that_another_was_faster(self, client: Client, merchant: Merchant):
        synonym = Synonym.objects.create(merchant=merchant, words=["a", "b"])
        address, seen = url(merchant, "synonym_edit", synonym.pk), synonym.changed_at.isoformat()
        assert self.post(client, address, words="a, c", seen=seen).status_code == 302
        late = self.post(client, address, words="a, d", seen=seen)
        assert late.status_code == 422
        assert "Somebody else changed this" in late.text
        synonym.refresh_from_db()
        assert synonym.words == ["a", "c"]
        assert self.post(client, address, words="a, d", seen=synonym.changed_at.isoformat()).status_code == 302

    def test_one_way_and_back(self, client: Client, merchant: Merchant):
        synonym = Synonym.objects.create(merchant=merchant, words=["a"], finds=["b"])
        page = client.get(url(merchant, "synonym_edit", synonym.pk)).text
        assert 'value="one_way"' in page
        seen = synonym.changed_at.isoformat()
        self.post(client, url(merchant, "synonym_edit", synonym.pk), words="a, c", finds="b", seen=seen)
        synonym.refresh_from_db()
        assert (synonym.words, synonym.finds) == (["a", "c"], [])

    def test_a_synonym_can_be_found_and_deleted(self, client: Client, merchant: Merchant):
        synonym = Synonym.objects.create(merchant=merchant, words=["Couch"], finds=["Sofa"])
        Synonym.objects.create(merchant=merchant, words=["Handy", "Telefon"])
        page = client.get(url(merchant, "synonym_list"), {"q": "sofa"}).text
        assert "Couch" in page
        assert "Handy" not in page
        assert client.post(url(merchant, "synonym_delete", synonym.pk)).status_code == 302
        assert not Synonym.objects.for_merchant(merchant).filter(pk=synonym.pk).exists()


@pytest.mark.usefixtures("range_of_goods")
class TestTrying:
    def test_it_says_what_was_understood(self, client: Client, merchant: Merchant):
        page = client.get(url(merchant, "search_try"), {"q": "kuppelzlet"}).text
        assert "<strong>kuppelzelt</strong>" in page
        assert "Kuppelzelt Fjord rot" in page
        assert "Nordlicht (1)" in page

    def test_it_offers_a_synonym_for_what_is_not_found(self, client: Client, merchant: Merchant):
        page = client.get(url(merchant, "search_try"), {"q": "h&m <b>"}, headers={"HX-Request": "true"}).text
        assert "synonyms/add?words=h%26m%20%3Cb%3E" in page
        assert "<html" not in page

    def test_an_unknown_customer_is_told(self, client: Client, merchant: Merchant):
        page = client.get(url(merchant, "search_try"), {"q": "zelt", "customer": "nobody"}).text
        assert "There is no customer with this number or address." in page

    def test_it_counts_nothing(self, client: Client, merchant: Merchant):
        client.get(url(merchant, "search_try"), {"q": "zelt"})
        assert not SearchTerm.objects.for_merchant(merchant).exists()
