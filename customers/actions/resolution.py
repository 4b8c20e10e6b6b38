"""Who are these people? What was seen together is written down, and profiles follow from all of it.

``customers.rules.resolution`` decides. Here its answer is found for the identities that new calls touch, compared
with what is stored, and the difference written: profiles are made or merged, identities move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from core.bulk import insert_rows
from core.locks import lock_name
from customers.actions.absorbing import absorb
from customers.actions.people import Sighting, describe, write_details
from customers.models import Customer, Identity, IdentityLink, Merge, SeparatedIdentity
from customers.rules.identities import RANK
from customers.rules.resolution import Key, Link, Resolved, Separation, ordered, resolve
from merchants.actions import record_audit
from merchants.models import Merchant

# So many identities may be connected with those of a call. What lies further away is left as it is.
WIDEST = 5000

Pair = tuple[Key, Key, bool]  # both ends of a link, the better first; whether staff decided it


def lock_resolution(merchant: Merchant) -> None:
    """One at a time changes who is who among profiles that exist. Taken before rows are locked."""
    lock_name(f"identities:{merchant.pk}")


def resolve_all(merchant: Merchant, sightings: Sequence[Sighting]) -> list[Customer | None]:
    """Each one's profile, found, made or merged; None for a guest. Call it in a transaction.

    The rows of known customers are locked until the transaction ends. Raises IntegrityError where another
    transaction just added one of the identities.
    """
    wanted = [sighting.person.identities(merchant.country) for sighting in sightings]
    keys = {key for identities in wanted for key in identities.items()}
    is_linking = any(len(identities) > 1 for identities in wanted)
    if is_linking:
        lock_resolution(merchant)
    world = _locked_world(merchant, keys, whole=is_linking)
    for sighting, identities in zip(sightings, wanted, strict=True):
        world.see(sighting, identities)
    world.settle()
    return _described(world, sightings, wanted)


def _described(
    world: _World, sightings: Sequence[Sighting], wanted: Sequence[Mapping[str, str]]
) -> list[Customer | None]:
    owners = [world.profile_of(identities) for identities in wanted]
    changed = {}
    for sighting, owner in zip(sightings, owners, strict=True):
        # New profiles were described before they were stored.
        if owner is not None and owner.pk not in world.made and describe(owner, sighting.person, sighting.at):
            changed[owner.pk] = owner
    write_details(list(changed.values()))
    return owners


def resolve_again(merchant: Merchant, customer_ids: Iterable[int]) -> None:
    """Bring the profiles of these customers in line with what is known of their identities; in a transaction."""
    lock_resolution(merchant)
    rows = Identity.objects.for_merchant(merchant).filter(customer__in=list(customer_ids))
    _locked_world(merchant, set(rows.values_list("kind", "value")), whole=True).settle()


def _locked_world(merchant: Merchant, keys: set[Key], *, whole: bool) -> _World:
    """What the identities are connected with, its customers locked in the order of their ids.

    Read again after the locks were waited for: meanwhile it may have grown.
    """
    world = _World(merchant, keys, whole=whole)
    while not world.owners <= world.customers.keys():
        rows = Customer.objects.for_merchant(merchant).filter(pk__in=world.owners).order_by("pk")
        world.customers = {row.pk: row for row in rows.select_for_update(no_key=True)}
        world.read()
    return world


def _key(row: Identity) -> Key:
    return row.kind, row.value


def _priority(row: Identity) -> tuple[int, datetime, int]:
    """The identity that decides where a profile is at home comes first."""
    return RANK[row.kind], row.created_at, row.pk


class _World:
    """Identities, who owns them, links and separations: a part that nothing else is connected with.

    Where nothing new can join profiles, only the identities themselves are read (``whole=False``).
    """

    def __init__(self, merchant: Merchant, keys: set[Key], *, whole: bool) -> None:
        self.merchant = merchant
        self.customers: dict[int, Customer] = {}
        self.made: set[int] = set()
        self._wanted, self._whole = keys, whole
        self._since: dict[Key, datetime] = {}
        self._seen: list[tuple[Sighting, Mapping[str, str]]] = []
        self.read()

    def read(self) -> None:
        self._identities: dict[Key, Identity] = {}
        self._links: dict[Pair, IdentityLink] = {}
        self._changed: set[Pair] = set()
        frontier = self._add(self._named())
        while self._whole and frontier and len(self._identities) < len(self._wanted) + WIDEST:
            frontier = self._add(self._around(frontier))
        self.owners = {row.customer_id for row in self._identities.values()}

    def _add(self, rows: Iterable[Identity]) -> list[Identity]:
        """Take these in; returns those that are new."""
        fresh = {_key(row): row for row in rows if _key(row) not in self._identities}
        self._identities |= fresh
        return list(fresh.values())

    def _named(self) -> Iterable[Identity]:
        values = defaultdict(set)
        for kind, value in self._wanted:
            values[kind].add(value)
        for kind, found in values.items():
            yield from Identity.objects.for_merchant(self.merchant).filter(kind=kind, value__in=found)

    def _around(self, rows: Sequence[Identity]) -> Iterable[Identity]:
        """What links lead to from these, and what lies in the same profiles. A blocked identity leads nowhere."""
        ids = [row.pk for row in rows if row.blocked_at is None]
        links = IdentityLink.objects.for_merchant(self.merchant).select_related("first", "second")
        for link in [*links.filter(first__in=ids), *links.filter(second__in=ids)]:
            pair = (_key(link.first), _key(link.second), link.standing == link.Standing.DECIDED)
            self._links.setdefault(pair, link)
            yield from (link.first, link.second)
        owners = {row.customer_id for row in rows}
        yield from Identity.objects.for_merchant(self.merchant).filter(customer__in=owners)

    def see(self, sighting: Sighting, identities: Mapping[str, str]) -> None:
        """Note that these came together."""
        self._seen.append((sighting, identities))
        for key in identities.items():
            if key not in self._identities:
                self._identities[key] = Identity(merchant_id=self.merchant.pk, kind=key[0], value=key[1])
            self._since[key] = min(sighting.at, self._since.get(key, sighting.at))
        together = [key for key in identities.items() if self._identities[key].blocked_at is None]
        for other in together[1:]:
            self._link(together[0], other, sighting.at, sighting.source)

    def _link(self, one: Key, other: Key, at: datetime, source: str = "") -> None:
        pair = (*ordered(one, other), False)
        link = self._links.get(pair)
        if link is None:
            link = IdentityLink(merchant_id=self.merchant.pk, source=source[:80], first_seen_at=at)
            self._links[pair] = link
        if at < link.first_seen_at:
            link.first_seen_at, link.source = at, source[:80]
            self._changed.add(pair)

    def settle(self) -> None:
        """Decide who is who, and write what differs from what is stored."""
        if self._whole:
            self._hold_together()
        links = {pair: Link(pair[0], pair[1], row.first_seen_at, decided=pair[2]) for pair, row in self._links.items()}
        blocked = [key for key, row in self._identities.items() if row.blocked_at is not None]
        resolved = resolve(self._identities, links.values(), separations=self._separations(), blocked=blocked)
        self._block(resolved.blocked)
        self._house(resolved)
        self._write_links({pair: resolved.refusals.get(link, "") for pair, link in links.items()})

    def profile_of(self, identities: Mapping[str, str]) -> Customer | None:
        """Whose these are: the first that is not everybody's decides."""
        keys = list(identities.items())
        own = [key for key in keys if self._identities[key].blocked_at is None]
        return self._home_of[(own or keys)[0]] if keys else None

    def _households(self) -> dict[int, list[Identity]]:
        """Stored identities by their owner, each one's best first."""
        rows = defaultdict(list)
        for row in sorted((row for row in self._identities.values() if row.pk), key=_priority):
            rows[row.customer_id].append(row)
        return rows

    def _hold_together(self) -> None:
        """What a profile holds without a link came together some time ago: written by hand, or before links were."""
        if not self.owners:
            return
        joining = [pair for pair, row in self._links.items() if row.pk and not row.refusal]
        groups = resolve(self._identities, [Link(*pair[:2], timezone.now(), decided=True) for pair in joining]).groups
        number_of = {key: number for number, group in enumerate(groups) for key in group}
        for rows in self._households().values():
            known = [row for row in rows if row.blocked_at is None]
            for row in known[1:]:
                if number_of[_key(row)] != number_of[_key(known[0])]:
                    self._link(_key(known[0]), _key(row), max(known[0].created_at, row.created_at))

    def _separations(self) -> list[Separation]:
        if not self._whole:
            return []
        keys = {row.pk: key for key, row in self._identities.items() if row.pk}
        sides: dict[int, tuple[set[Key], set[Key]]] = defaultdict(lambda: (set(), set()))
        members = SeparatedIdentity.objects.for_merchant(self.merchant).filter(identity__in=list(keys))
        for separation, identity, side in members.values_list("separation_id", "identity_id", "side"):
            sides[separation][side].add(keys[identity])
        return [Separation(frozenset(one), frozenset(other)) for one, other in sides.values() if one and other]

    def _block(self, keys: Iterable[Key]) -> None:
        now = timezone.now()
        fresh = [row for row in map(self._identities.__getitem__, keys) if row.blocked_at is None]
        for row in fresh:
            row.blocked_at = now
        stored = [row.pk for row in fresh if row.pk]
        if stored:
            Identity.objects.for_merchant(self.merchant).filter(pk__in=stored).update(blocked_at=now)

    def _house(self, resolved: Resolved) -> None:
        """Give every group one profile: the oldest that is at home there, or a new one."""
        number_of = {key: number for number, group in enumerate(resolved.groups) for key in group}
        at_home: dict[int, list[Customer]] = defaultdict(list)
        for customer_id, household in self._households().items():
            at_home[number_of[_key(household[0])]].append(self.customers[customer_id])
        homes: list[Customer] = []
        for number, group in enumerate(resolved.groups):
            at_home[number].sort(key=lambda row: (row.created_at, row.pk))
            homes.append(at_home[number][0] if at_home[number] else self._new(group))
        self._home_of = {key: homes[number] for key, number in number_of.items()}
        self._store([home for home in homes if home._state.adding])
        self._place({number: {row.pk for row in rows} for number, rows in at_home.items()}, number_of)
        for number, rows in at_home.items():
            for other in rows[1:]:
                absorb(homes[number], other, reason=Merge.Reason.RESOLVED)

    def _store(self, new: Sequence[Customer]) -> None:
        """With what was said of them, so that no row is written twice."""
        for sighting, identities in self._seen:
            owner = self.profile_of(identities)
            if owner is not None and owner._state.adding:
                describe(owner, sighting.person, sighting.at)
        insert_rows(new)
        self.made = {row.pk for row in new}

    def _new(self, group: Iterable[Key]) -> Customer:
        """A profile that is known since its identities were first seen."""
        seen = [self._since[key] for key in group if key in self._since]
        now = timezone.now()
        return Customer(merchant=self.merchant, created_at=min(seen, default=now), updated_at=now)

    def _place(self, residents: Mapping[int, set[int]], number_of: Mapping[Key, int]) -> None:
        """New identities go to their homes, and those that turned out to be somebody else's."""
        added: list[Identity] = []
        for key, row in self._identities.items():
            home = self._home_of[key]
            if not row.pk:
                row.customer = home
                row.created_at = self._since[key]
                added.append(row)
            elif row.customer_id not in residents.get(number_of[key], ()):
                self._move(row, home)
        insert_rows(added)

    def _move(self, row: Identity, home: Customer) -> None:
        changes = {"kind": row.kind, "customer": {"from": row.customer_id, "to": home.pk}}
        Identity.objects.for_merchant(self.merchant).filter(pk=row.pk).update(customer=home)
        row.customer = home
        record_audit(self.merchant, "identity.moved", staff=None, subject=home, changes=changes)

    def _write_links(self, refusals: Mapping[Pair, str]) -> None:
        fresh: list[IdentityLink] = []
        changed: list[IdentityLink] = []
        for pair, link in self._links.items():
            is_changed = pair in self._changed or link.refusal != refusals[pair]
            link.refusal = refusals[pair]
            if not link.pk:
                link.first_id, link.second_id = self._identities[pair[0]].pk, self._identities[pair[1]].pk
                fresh.append(link)
            elif is_changed:
                changed.append(link)
        insert_rows(fresh)
        if changed:
            rows = IdentityLink.objects.for_merchant(self.merchant)
            rows.bulk_update(changed, ["refusal", "first_seen_at", "source"], batch_size=500)
