"""Notes and tasks: who may change what, in place and without JavaScript, and what stays of it."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import InvalidInput
from customers.actions.notes import add_note, edit_note
from customers.actions.tasks import add_task, complete_tasks, edit_task, reopen_task
from customers.models import Customer, Note, Task
from customers.timeline import timeline
from insights.queries.attention import needs_attention
from merchants.models import AuditEntry, Membership, Merchant, Role
from tests.factories import CustomerFactory, MembershipFactory
from tests.queries import queries_of

HTMX = {"HX-Request": "true"}
YESTERDAY = timezone.localdate() - timedelta(days=2)


@pytest.fixture
def customer(merchant: Merchant) -> Customer:
    return CustomerFactory(merchant=merchant, first_name="Ada", last_name="Berg")


def _browser(merchant: Merchant, role: Role) -> tuple[Client, Membership]:
    member, browser = MembershipFactory(merchant=merchant, role=role), Client()
    browser.force_login(member.staff)
    return browser, member


def _audited(merchant: Merchant) -> list[str]:
    return list(AuditEntry.objects.for_merchant(merchant).order_by("pk").values_list("action", flat=True))


# Notes


def test_a_note_is_written_in_place_and_without_javascript(client: Client, customer: Customer) -> None:
    url = f"/m/muster/customers/{customer.pk}/"
    card = client.post(f"{url}notes", {"note-text": "Prefers <b>calls</b>"}, headers=HTMX)
    assert "Prefers &lt;b&gt;calls&lt;/b&gt;" in card.text
    assert "<html" not in card.text
    answer = client.post(f"{url}notes", {"note-text": "Second"})
    assert (answer.status_code, answer.url) == (302, f"{url}#notes")
    page = client.get(url).text
    assert page.index("Second") < page.index("Prefers")
    assert _audited(customer.merchant) == ["note.added", "note.added"]
    assert [entry.kind for entry in timeline(customer).entries] == ["note.added", "note.added"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001, "a\x00b"])
def test_a_note_that_is_none_is_refused(client: Client, customer: Customer, text: str) -> None:
    for headers in ({}, HTMX):
        answer = client.post(f"/m/muster/customers/{customer.pk}/notes", {"note-text": text}, headers=headers)
        assert answer.status_code == 422
        assert "cx-field-error" in answer.text
    assert not Note.objects.for_merchant(customer.merchant).exists()


def test_an_edited_note_says_so_and_the_same_text_changes_nothing(client: Client, customer: Customer) -> None:
    note = add_note(customer, text="Old", staff=None)
    edit_note(note, text="Old", staff=MembershipFactory(merchant=customer.merchant).staff)
    assert note.edited_at is None
    form = client.get(f"/m/muster/customers/notes/{note.pk}/edit", headers=HTMX)
    assert "Old" in form.text
    assert "<html" not in form.text
    card = client.post(f"/m/muster/customers/notes/{note.pk}/edit", {"text": "New"}, headers=HTMX).text
    assert "New" in card
    assert "edited" in card
    refused = client.post(f"/m/muster/customers/notes/{note.pk}/edit", {"text": " "}, headers=HTMX)
    assert (refused.status_code, refused["HX-Retarget"]) == (422, f"#note_edit-{note.pk}")


def test_a_colleague_changes_the_own_notes_only_and_an_owner_all(customer: Customer) -> None:
    browser, member = _browser(customer.merchant, Role.EDITOR)
    other = add_note(customer, text="Of another", staff=MembershipFactory(merchant=customer.merchant).staff)
    own = add_note(customer, text="Mine", staff=member.staff)
    owner, _member = _browser(customer.merchant, Role.OWNER)
    for path in ("edit", "delete"):
        assert browser.post(f"/m/muster/customers/notes/{other.pk}/{path}", {"text": "x"}).status_code == 403
    assert browser.get(f"/m/muster/customers/notes/{other.pk}/edit").status_code == 403
    assert f"notes/{other.pk}/edit" not in browser.get(f"/m/muster/customers/{customer.pk}/").text
    assert browser.post(f"/m/muster/customers/notes/{own.pk}/delete").status_code == 302
    assert owner.post(f"/m/muster/customers/notes/{other.pk}/delete").status_code == 302
    assert not Note.objects.for_merchant(customer.merchant).exists()


def test_a_pinned_note_stands_above_newer_ones(client: Client, customer: Customer) -> None:
    old = add_note(customer, text="Old one", staff=None)
    add_note(customer, text="New one", staff=None)
    card = client.post(f"/m/muster/customers/notes/{old.pk}/pin", {"pinned": "yes"}, headers=HTMX).text
    assert card.index("Old one") < card.index("New one")
    client.post(f"/m/muster/customers/notes/{old.pk}/pin", {"pinned": "yes"})
    assert _audited(customer.merchant).count("note.pinned") == 1
    card = client.post(f"/m/muster/customers/notes/{old.pk}/pin", {"pinned": "no"}, headers=HTMX).text
    assert card.index("New one") < card.index("Old one")


# Tasks


def test_a_task_is_set_done_and_opened_again_in_place(
    client: Client, customer: Customer, membership: Membership
) -> None:
    url = f"/m/muster/customers/{customer.pk}/"
    given = {"task-title": "Call back", "task-due_on": "2026-12-01", "task-priority": "30"}
    card = client.post(f"{url}tasks", {**given, "task-assignee": membership.staff.pk}, headers=HTMX)
    assert "Call back" in card.text
    task = Task.objects.for_merchant(customer.merchant).get()
    assert (task.due_on, task.priority, task.assignee) == (date(2026, 12, 1), 30, membership.staff)
    assert "done on" in client.post(f"/m/muster/customers/tasks/{task.pk}/done", headers=HTMX).text
    assert [entry.title for entry in timeline(customer).entries] == ["Task done: Call back"]
    answer = client.post(f"/m/muster/customers/tasks/{task.pk}/reopen")
    assert answer.url == f"{url}#tasks"
    task.refresh_from_db()
    assert (task.state, task.done_at, task.done_by) == ("open", None, None)
    client.post(f"/m/muster/customers/tasks/{task.pk}/edit", {"title": "Call her back", "priority": "20"})
    client.post(f"/m/muster/customers/tasks/{task.pk}/delete")
    expected = ["task.added", "task.done", "task.reopened", "task.edited", "task.deleted"]
    assert _audited(customer.merchant) == expected


def test_nobody_outside_the_shop_gets_a_task(client: Client, customer: Customer, stranger: Membership) -> None:
    given = {"task-title": "Call", "task-priority": "20", "task-assignee": stranger.staff.pk}
    answer = client.post(f"/m/muster/customers/{customer.pk}/tasks", given, headers=HTMX)
    assert answer.status_code == 422
    with pytest.raises(InvalidInput):
        add_task(customer, title="Call", staff=None, assignee=stranger.staff)
    assert not Task.objects.for_merchant(customer.merchant).exists()
    task = add_task(customer, title="Call", staff=None)
    with pytest.raises(InvalidInput):
        edit_task(task, staff=stranger.staff, assignee=stranger.staff)


def test_a_task_is_done_once(customer: Customer, membership: Membership) -> None:
    task = add_task(customer, title="Call", staff=None)
    assert complete_tasks(customer.merchant, [task.pk], staff=membership.staff) == 1
    assert complete_tasks(customer.merchant, [task.pk], staff=membership.staff) == 0
    task.refresh_from_db()
    reopen_task(task, staff=membership.staff)
    reopen_task(task, staff=membership.staff)
    assert _audited(customer.merchant) == ["task.added", "task.done", "task.reopened"]


def test_the_list_is_narrowed_by_its_address(client: Client, customer: Customer, membership: Membership) -> None:
    mine = add_task(customer, title="Mine", staff=None, assignee=membership.staff)
    late = add_task(customer, title="Late", staff=None, due_on=YESTERDAY)
    done = add_task(customer, title="Gone", staff=None, due_on=YESTERDAY)
    complete_tasks(customer.merchant, [done.pk], staff=membership.staff)
    foreign = CustomerFactory(first_name="Ada")
    add_task(foreign, title="Late too", staff=None, due_on=YESTERDAY)  # could leak

    def found(query: str) -> list[str]:
        return [task.title for task in client.get(f"/m/muster/customers/tasks/?{query}").context["listing"].rows]

    assert found("") == [late.title, mine.title]
    assert found(f"assignee={membership.staff.pk}") == ["Mine"]
    assert found("assignee=nobody") == ["Late"]
    assert found("due=overdue") == ["Late"]
    assert found("due=none") == ["Mine"]
    assert found("state=done") == ["Gone"]
    assert set(found("state=all")) == {"Mine", "Late", "Gone"}
    assert found("q=lat") == ["Late"]
    assert set(found("q=ada+be")) == {"Late", "Mine"}
    assert found("q=zzz") == []


def test_several_tasks_are_done_at_once_and_the_list_stays_as_it_was(
    client: Client, customer: Customer, stranger: Membership
) -> None:
    tasks = [add_task(customer, title=f"T{number}", staff=None) for number in range(3)]
    foreign = add_task(CustomerFactory(merchant=stranger.merchant), title="Foreign", staff=None)
    chosen = [str(tasks[0].pk), str(tasks[1].pk), str(foreign.pk), "x", "9" * 30]
    answer = client.post("/m/muster/customers/tasks/complete?due=none&q=t", {"task": chosen})
    assert answer.url == "/m/muster/customers/tasks/?due=none&q=t"
    assert [task.title for task in Task.objects.for_merchant(customer.merchant).open()] == ["T2"]
    foreign.refresh_from_db()
    assert foreign.is_open
    assert "No open task" in client.post("/m/muster/customers/tasks/complete", {"task": []}, follow=True).text


def test_an_analyst_reads_and_changes_nothing(customer: Customer) -> None:
    browser, _member = _browser(customer.merchant, Role.ANALYST)
    add_note(customer, text="Seen", staff=None)
    task = add_task(customer, title="Seen too", staff=None)
    page = browser.get(f"/m/muster/customers/{customer.pk}/").text
    assert "Seen too" in page
    assert "Add note" not in page
    assert browser.post(f"/m/muster/customers/tasks/{task.pk}/done").status_code == 403
    assert "Mark the chosen" not in browser.get("/m/muster/customers/tasks/").text


def test_list_and_page_cost_the_same_for_one_task_and_for_three(client: Client, customer: Customer) -> None:
    staff = MembershipFactory(merchant=customer.merchant).staff
    urls = [f"/m/muster/customers/{customer.pk}/", "/m/muster/customers/tasks/"]

    def fill() -> None:
        add_note(customer, text="Note", staff=staff)
        add_task(CustomerFactory(merchant=customer.merchant), title="Other", staff=staff)
        for _number in range(2):
            add_task(customer, title="Task", staff=staff, assignee=staff)
        complete_tasks(customer.merchant, [Task.objects.for_merchant(customer.merchant).latest("pk").pk], staff=staff)

    fill()
    few = [queries_of(client, url) for url in urls]
    fill()
    fill()
    assert [queries_of(client, url) for url in urls] == few


def test_overdue_tasks_need_attention(customer: Customer) -> None:
    assert "overdue" not in str(needs_attention(customer.merchant))
    add_task(customer, title="Late", staff=None, due_on=YESTERDAY)
    add_task(customer, title="In time", staff=None, due_on=timezone.localdate() + timedelta(days=1))
    found = [entry for entry in needs_attention(customer.merchant) if "overdue" in entry.title]
    assert [entry.title for entry in found] == ["1 task is overdue"]
    assert found[0].url.endswith("/customers/tasks/?due=overdue")


def test_an_empty_list_says_what_tasks_are_for(client: Client, merchant: Merchant) -> None:
    assert "A task reminds you" in client.get(f"/m/{merchant.slug}/customers/tasks/").text
