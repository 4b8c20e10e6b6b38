"""Confirming a consent and deciding about each purpose, as a customer does it: in both languages, without JavaScript too."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from campaigns.actions.queueing import add_order_confirmation
from campaigns.models import Message
from customers.actions.consent_texts import add_consent_text
from customers.actions.double_opt_in import request_consent
from customers.models import ConsentRecord
from tests.factories import CustomerFactory, MerchantFactory, OrderFactory

WORDS = {"de": "Ich möchte den Newsletter per E-Mail.", "en": "I want the newsletter by e-mail."}
LABELS = {
    "de": {"on": "per E-Mail", "save": "Speichern", "saved": "Gespeichert", "none": "Ich möchte keine Werbung"},
    "en": {"on": "by e-mail", "save": "Save", "saved": "Saved", "none": "I want no advertising"},
}


@pytest.fixture
def message(transactional_db: None) -> Message:
    merchant = MerchantFactory(name="Wipfel & Diele")
    for language, text in WORDS.items():
        add_consent_text(
            merchant, version="2026-1", language=language, purposes=["newsletter"], channels=["email"], text=text
        )
    customer = CustomerFactory(merchant=merchant, email="ada@example.org")
    return add_order_confirmation(OrderFactory(customer=customer, email="ada@example.org", locale="de"))


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without"])
def page(request: pytest.FixtureRequest, browser: Browser, base_url: str) -> Iterator[Page]:
    context = browser.new_context(base_url=base_url, java_script_enabled=request.param, locale="fr-FR")
    yield context.new_page()
    context.close()


def decisions(message: Message) -> list[tuple[str, str]]:
    rows = ConsentRecord.objects.for_merchant(message.merchant_id).order_by("id")
    return list(rows.values_list("kind", "purpose"))


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_person_agrees_and_takes_it_back_and_wants_nothing(page: Page, message: Message, language: str) -> None:
    labels = LABELS[language]
    page.goto(f"/p/{message.unsubscribe_token}")
    if language == "en":
        page.get_by_role("link", name="English").click()
    expect(page.get_by_text(WORDS[language])).to_be_visible()
    switch = page.get_by_role("group", name="Newsletter").get_by_label(labels["on"])
    switch.check()
    page.get_by_role("button", name=labels["save"]).click()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text(labels["saved"])
    expect(switch).to_be_checked()
    switch.uncheck()
    page.get_by_role("button", name=labels["save"]).click()
    expect(switch).not_to_be_checked()
    page.get_by_role("button", name=labels["none"]).click()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text(labels["saved"])
    assert decisions(message) == [("granted", "newsletter"), ("withdrawn", "newsletter"), ("objected", "")]


def test_a_link_in_the_mailbox_confirms_once_and_says_so_again(page: Page, message: Message) -> None:
    text = add_consent_text(
        message.merchant, version="2026-2", language="en", purposes=["newsletter"], channels=["email"], text="Yes!"
    )
    asked = request_consent(
        message.merchant, address="grace@example.org", text=text, purposes=["newsletter"], source="form"
    )
    page.goto(f"/c/{asked.token}")
    expect(page.get_by_text("Yes!")).to_be_visible()
    page.get_by_role("button", name="Yes, I agree").click()
    expect(page.get_by_role("heading", name="Thank you, that is confirmed")).to_be_visible()
    page.goto(f"/c/{asked.token}")
    expect(page.get_by_role("heading", name="Thank you, that is confirmed")).to_be_visible()
    assert decisions(message) == [("granted", "newsletter")]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    browser: Browser, base_url: str, message: Message, theme: str
) -> None:
    text = add_consent_text(
        message.merchant, version="9", language="de", purposes=["reviews"], channels=["email"], text="Donau" * 40
    )
    asked = request_consent(message.merchant, address="g@example.org", text=text, purposes=["reviews"], source="form")
    context = browser.new_context(base_url=base_url, viewport={"width": 320, "height": 800}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    for path in (f"/p/{message.unsubscribe_token}", f"/c/{asked.token}", f"/u/{message.unsubscribe_token}", "/c/x"):
        page.goto(path)
        found = Axe().run(page).response["violations"]
        serious = [
            node["html"]
            for violation in found
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
        assert serious == [], path
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert excess <= 0, path
    context.close()
