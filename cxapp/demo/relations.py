"""What the staff of a demo shop wrote down about its people, what they planned, and for which companies people buy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db.models import Model

from customers.models import Company, CompanyPerson, ConsentRecord, Customer, Identity, Note, Task
from cxapp.demo.people import ascii_local
from merchants.models import Membership, Merchant, Staff

MOST_COMPANIES = 20
# Customers per company, per note and per task: a small shop has few of each.
PER_COMPANY, PER_NOTE, PER_TASK = 6, 12, 25
MOST_NOTES, MOST_TASKS = 400, 160
DAY = timedelta(days=1)

# Name, domain, city, country, price group. Domains end in .example, where nobody receives mail.
FIRMS = [
    ("Nordlicht Handels GmbH", "nordlicht-handel", "Hamburg", "DE", "trade-10"),
    ("Café Morgenrot", "cafe-morgenrot", "Leipzig", "DE", "gastro"),
    ("Hotel Seeblick KG", "hotel-seeblick", "Lindau", "DE", "gastro"),
    ("Werkstatt Holzmann", "werkstatt-holzmann", "Bremen", "DE", ""),
    ("Kita Sonnenblume e. V.", "kita-sonnenblume", "Dresden", "DE", ""),
    ("Agentur Blaupause GmbH", "agentur-blaupause", "Berlin", "DE", "trade-5"),
    ("Praxis am Markt", "praxis-am-markt", "Münster", "DE", ""),
    ("Stadtwerke Beispielstadt", "stadtwerke-beispielstadt", "Beispielstadt", "DE", "trade-10"),
    ("Gasthof Zur Linde", "gasthof-linde", "Passau", "DE", "gastro"),
    ("Alpenblick Hotels AG", "alpenblick-hotels", "Innsbruck", "AT", "gastro"),
    ("Donau Design OG", "donau-design", "Linz", "AT", "trade-5"),
    ("Bäckerei Kornblume", "baeckerei-kornblume", "Graz", "AT", ""),
    ("Seefeld Treuhand AG", "seefeld-treuhand", "Zürich", "CH", ""),
    ("Atelier Bergmann", "atelier-bergmann", "Basel", "CH", "trade-5"),
    ("Musterbau GmbH & Co. KG", "musterbau", "Kassel", "DE", "trade-10"),
    ("Yogaraum Stille", "yogaraum-stille", "Freiburg", "DE", ""),
    ("Kontor & Söhne", "kontor-soehne", "Lübeck", "DE", "trade-10"),
    ("Tagungshaus Eichenhof", "eichenhof", "Göttingen", "DE", "gastro"),
    ("Lichtspiele Capitol", "capitol-lichtspiele", "Erfurt", "DE", ""),
    ("Reederei Hansen", "reederei-hansen", "Kiel", "DE", "trade-5"),
]
NOTES = {
    "de": [
        "Möchte lieber angerufen werden als Mails bekommen.",
        "Fragt vor jeder Bestellung nach der Lieferzeit, bitte von selbst nennen.",
        "War auf der Messe am Stand, interessiert sich für Mengenrabatt.",
        "Paket kam zweimal beschädigt an. Beim nächsten Mal besser polstern.",
        "Hat Geburtstag im Mai, freut sich über eine Karte.",
        "Rechnung bitte immer mit Bestellnummer des Kunden.",
        "Sehr zufrieden mit der Beratung, wäre für eine Bewertung zu gewinnen.",
        "Abholung im Laden ist möglich, wohnt um die Ecke.",
    ],
    "en": [
        "Prefers a call to an e-mail.",
        "Asks for the delivery time before every order: say it unasked.",
        "Met at the fair, interested in volume prices.",
        "The parcel arrived damaged twice. Pack it better next time.",
        "Birthday in May, likes to get a card.",
        "Put the customer's own order number on every invoice.",
        "Very happy with the advice; might write a review.",
        "Can pick up in the shop, lives around the corner.",
    ],
}
TASKS = {
    "de": [
        "Wegen der Reklamation zurückrufen",
        "Angebot für größere Menge schicken",
        "Muster der neuen Farben zusenden",
        "Nach der Lieferung fragen, ob alles passt",
        "Rücksendung prüfen und Bescheid geben",
        "Lieferadresse bestätigen lassen",
    ],
    "en": [
        "Call back about the complaint",
        "Send an offer for a larger quantity",
        "Send samples of the new colours",
        "Ask after the delivery whether all is well",
        "Check the return and report back",
        "Have the delivery address confirmed",
    ],
}


def relation_rows(
    merchant: Merchant, customers: Mapping[int, Customer], *, seed: int, now: datetime
) -> Iterator[Sequence[Model]]:
    """Rows of one model each, in the order in which they can be stored."""
    rng = np.random.default_rng([seed, len(customers), 77])
    people = [customer for customer in customers.values() if customer.created_at < now - 10 * DAY]
    staff = [row.staff for row in Membership.objects.for_merchant(merchant).select_related("staff").order_by("pk")]
    if not people or not staff:
        return
    # Who buys often is who is looked after, and who buys for a company.
    people.sort(key=lambda customer: (-customer.revenue, customer.pk))
    # A second address would hide the one that somebody objected for.
    told = ConsentRecord.objects.for_merchant(merchant).filter(kind=ConsentRecord.Kind.OBJECTED)
    objectors = set(told.values_list("customer_id", flat=True))
    yield from _companies(merchant, [customer for customer in people if customer.pk not in objectors], rng)
    yield _notes(merchant, people, staff, rng, now)
    yield _tasks(merchant, people, staff, rng, now)


def _companies(merchant: Merchant, people: Sequence[Customer], rng: np.random.Generator) -> Iterator[Sequence[Model]]:
    """Companies with two to five people each, and colleagues of theirs who are suggested by their address."""
    count = min(MOST_COMPANIES, len(people) // PER_COMPANY)
    firms = [_company(merchant, number, people[number]) for number in range(count)]
    yield firms
    waiting = iter(people)
    members: list[CompanyPerson] = []
    addresses: list[Identity] = []
    for firm in firms:
        buying = int(rng.integers(2, 5))
        for number in range(buying + int(rng.integers(0, 3))):
            customer = next(waiting, None)
            if customer is None:
                break
            addresses.append(_work_address(firm, customer, number))
            if number < buying:
                members.append(_member(firm, customer, number))
    yield members
    yield addresses


def _company(merchant: Merchant, number: int, first: Customer) -> Company:
    name, domain, city, country, price_group = FIRMS[number]
    return Company(
        merchant_id=merchant.pk,
        external_id=f"F-{1001 + number}" if number % 4 else "",
        name=name,
        vat_id=f"{country}{100_000_000 + number * 7919}" if country == "DE" else "",
        domains=[f"{domain}.example"],
        street=f"Hauptstraße {number + 1}",
        postal_code=str(10_000 + number * 3571)[:4] if country != "DE" else str(10_000 + number * 3571),
        city=city,
        country=country,
        price_group=price_group,
        created_at=first.created_at,
        updated_at=first.created_at,
    )


def _member(firm: Company, customer: Customer, number: int) -> CompanyPerson:
    roles = [CompanyPerson.Role.BUYER, CompanyPerson.Role.APPROVER, CompanyPerson.Role.BUYER, CompanyPerson.Role.OTHER]
    return CompanyPerson(
        merchant_id=firm.merchant_id,
        company_id=firm.pk,
        customer_id=customer.pk,
        role=roles[number % len(roles)],
        is_primary=number == 0,
        source=CompanyPerson.Source.GROUP if number % 2 else CompanyPerson.Source.STAFF,
        created_at=customer.created_at,
    )


def _work_address(firm: Company, customer: Customer, number: int) -> Identity:
    name = ascii_local(f"{customer.first_name}.{customer.last_name}")
    return Identity(
        merchant_id=firm.merchant_id,
        customer_id=customer.pk,
        kind=Identity.Kind.EMAIL,
        value=f"{name}{number or ''}@{firm.domains[0]}",
        created_at=customer.created_at,
    )


def _notes(
    merchant: Merchant, people: Sequence[Customer], staff: Sequence[Staff], rng: np.random.Generator, now: datetime
) -> list[Note]:
    texts = NOTES.get(merchant.language, NOTES["en"])
    count = min(MOST_NOTES, max(3, len(people) // PER_NOTE))
    notes = []
    for number, index in enumerate(sorted(rng.integers(0, len(people), count))):
        written = now - float(rng.uniform(0.1, 120)) * DAY
        customer = people[int(index)]
        edited = written + float(rng.uniform(0, 0.05)) * DAY if rng.random() < 0.15 else None
        notes.append(
            Note(
                merchant_id=merchant.pk,
                customer_id=customer.pk,
                author=staff[number % len(staff)],
                text=texts[int(rng.integers(len(texts)))],
                is_pinned=bool(rng.random() < 0.12),
                created_at=max(written, customer.created_at),
                edited_at=edited if edited and written > customer.created_at else None,
            )
        )
    return notes


def _tasks(
    merchant: Merchant, people: Sequence[Customer], staff: Sequence[Staff], rng: np.random.Generator, now: datetime
) -> list[Task]:
    """One of ten is overdue, half are done, the rest is due in the weeks ahead."""
    titles = TASKS.get(merchant.language, TASKS["en"])
    count = min(MOST_TASKS, max(4, len(people) // PER_TASK))
    today = now.astimezone(merchant.tz).date()
    tasks = []
    for number in range(count):
        made = now - float(rng.uniform(1, 60)) * DAY
        is_done, is_late = number % 2 == 1, number % 10 == 0
        due = today - int(rng.integers(1, 9)) * DAY if is_late else today + int(rng.integers(0, 21)) * DAY
        done = min(made + float(rng.uniform(0.1, 9)) * DAY, now - 0.01 * DAY) if is_done else None
        assignee = staff[int(rng.integers(len(staff)))]
        tasks.append(
            Task(
                merchant_id=merchant.pk,
                customer_id=people[int(rng.integers(len(people)))].pk,
                title=titles[int(rng.integers(len(titles)))],
                due_on=done.date() if done else due,
                priority=Task.Priority.HIGH if is_late or number % 9 == 0 else Task.Priority.NORMAL,
                assignee=assignee if number % 6 else None,
                state=Task.State.DONE if is_done else Task.State.OPEN,
                created_by=staff[number % len(staff)],
                created_at=made,
                done_at=done,
                done_by=assignee if is_done else None,
            )
        )
    return tasks
