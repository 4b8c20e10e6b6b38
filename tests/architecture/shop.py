"""A shop that has rows of every model: what the guards send through every screen."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import models

from campaigns.models import Message, MessageBlock
from catalog.models import PriceChange
from core.models import Delivery, IdempotencyRecord, ImportRejection, Job, JobLogLine
from customers.models import (
    Company,
    CompanyPerson,
    ConsentProof,
    ConsentRecord,
    ConsentRequest,
    ConsentText,
    Customer,
    CustomerImport,
    CustomerKpis,
    DismissedSuggestion,
    Duplicate,
    Event,
    EventReceipt,
    Identity,
    IdentityLink,
    Merge,
    Note,
    PrivacyRequest,
    RetentionPeriod,
    RetentionRun,
    SeparatedIdentity,
    Separation,
    ShopKpis,
    Suppression,
    Task,
    Trait,
)
from merchants.actions import create_api_key, record_audit
from merchants.models import Membership, Merchant, MerchantModel, Staff
from orders.importing import IMPORT
from orders.models import (
    CostSettings,
    Order,
    Payment,
    PaymentFee,
    Refund,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)
from promotions.models import (
    Coupon,
    CouponBatch,
    Exposure,
    LoyaltyProgram,
    Member,
    PointEntry,
    PointLot,
    Promotion,
    PromotionReport,
    PromotionVersion,
    PublishedPrices,
    Redemption,
    RedemptionReturn,
    RedemptionUse,
    Referral,
    ReferralCode,
    Replay,
    Reward,
    RuleSet,
    Tier,
    UseCount,
)
from recommendations.models import (
    Click,
    Impression,
    ModelVersion,
    OnlineReport,
    PlacementDay,
    PlacementSettings,
    Rule,
    SearchTerm,
    Synonym,
    TrainingPlan,
)
from recommendations.search.actions import index_stale
from tests.factories import CategoryFactory, CustomerFactory, OrderFactory, OrderLineFactory, ProductFactory

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)

OURS = [
    model
    for model in apps.get_models()
    if model._meta.app_config.name.split(".")[0]
    in {
        "merchants",
        "core",
        "catalog",
        "customers",
        "orders",
        "promotions",
        "recommendations",
        "feedback",
        "campaigns",
        "insights",
    }
]
WITH_MERCHANT = [model for model in OURS if issubclass(model, MerchantModel)]


def stock_up(membership: Membership, number: int) -> None:
    """One row of every model for the membership's merchant; ``number`` keeps repeated calls apart."""
    merchant, staff = membership.merchant, membership.staff
    key, _token = create_api_key(merchant, kind="sk", name=f"key {number}", staff=staff)
    record_audit(merchant, "settings.updated", staff=staff, subject=key, changes={"name": {"from": "a", "to": "b"}})
    job = Job.objects.create(
        merchant=merchant,
        kind=IMPORT,
        title=f"Import {number}",
        state="failed",
        error="no",
        asked_by=staff,
        parameters={"format": "cxapp-csv", "dry_run": False, "file": "orders.csv"},
        result={"tally": {"reasons": {"no_sku": 1}}},
    )
    Delivery.objects.create(
        merchant=merchant, event="OrderPlaced", handler="a.b", payload={}, state="failed", error="no"
    )
    IdempotencyRecord.objects.create(merchant=merchant, key=f"k{number}", fingerprint="f", status=200, body={})
    ImportRejection.objects.create(merchant=merchant, job=job, line=number, code="no_sku", reason="No SKU.")
    JobLogLine.objects.create(merchant=merchant, job=job, text="%(count)s rows", values={"count": 3})
    ModelVersion.objects.create(
        merchant=merchant, job=job, version=f"v{number}", status="retired", mode="popularity", snapshot_at=AT
    )
    TrainingPlan.objects.get_or_create(merchant=merchant)
    order = _sell(merchant, number)
    _tell(order)
    assert order.customer is not None
    _look_after(order.customer, staff, number)
    _search(merchant, number)
    _ask(order, staff, number)
    _track(order, number)
    _recommend(order, number)
    _promote(order, number)
    _reward(order, number)


def _sell(merchant: Merchant, number: int) -> Order:
    """An order of a product, sent, and brought back in part."""
    category = CategoryFactory(merchant=merchant, path=f"Category {number}")
    product = ProductFactory(merchant=merchant, category=category)
    PriceChange.objects.create(merchant=merchant, product=product, price=1999, valid_from=AT - timedelta(days=90))
    customer = CustomerFactory(merchant=merchant)
    text = ConsentText.objects.create(
        merchant=merchant, version=f"v{number}", language="de", purposes=["newsletter"], channels=["email"], text="Ja."
    )
    ConsentRecord.objects.create(
        merchant=merchant, customer=customer, kind="granted", purpose="newsletter", source="x", text=text
    )
    ConsentRequest.objects.create(
        merchant=merchant,
        customer=customer,
        address="ada@example.org",
        purposes=["newsletter"],
        text=text,
        locale="de",
        source="x",
        nonce=f"{merchant.pk}-{number}",
        digest=f"{merchant.pk:032}{number:032}",
        expires_at=AT,
    )
    Suppression.objects.create(merchant=merchant, channel="email", digest=f"{number:064}", reason="bounce")
    _recognise(customer)
    order = OrderFactory(customer=customer, number=f"{merchant.slug}-{number}", total=4000, refunded=500)
    line = OrderLineFactory(order=order, product=product, quantity=2, unit_price=2000, returned=1)
    parcel = Shipment.objects.create(merchant=merchant, order=order, reference="P", shipped_at=AT)
    ShipmentLine.objects.create(merchant=merchant, shipment=parcel, order_line=line, quantity=2)
    TrackingEvent.objects.create(merchant=merchant, shipment=parcel, code="delivered", occurred_at=AT)
    back = Return.objects.create(merchant=merchant, order=order, reference="R", received_at=AT)
    ReturnLine.objects.create(merchant=merchant, parcel=back, order_line=line, quantity=1, refund=500)
    Refund.objects.create(merchant=merchant, order=order, parcel=back, amount=500, refunded_at=AT)
    _earn(order)
    return order


def _look_after(customer: Customer, staff: Staff, number: int) -> None:
    """Notes, tasks and a company of a person."""
    merchant = customer.merchant
    about: dict[str, Any] = {"merchant": merchant, "customer": customer}
    Note.objects.create(**about, author=staff, text=f"Note {number}")
    Task.objects.create(**about, title=f"Task {number}", due_on=AT, assignee=staff, created_by=staff)
    company = Company.objects.create(merchant=merchant, name=f"Company {number}", external_id=f"firm-{number}")
    CompanyPerson.objects.create(**about, company=company)
    DismissedSuggestion.objects.create(merchant=merchant, company=company, customer=CustomerFactory(merchant=merchant))
    CustomerImport.objects.create(
        merchant=merchant, file_name="people.csv", file_format="csv", header=["email"], header_digest=f"{number:064}"
    )


def _recognise(customer: Customer) -> None:
    """What is declared about the customer, who else it may be, and a merge."""
    merchant, other = customer.merchant, CustomerFactory(merchant=customer.merchant)
    Trait.objects.create(merchant=merchant, customer=customer, name="size", value="M", source="x")
    first, second = Identity.objects.for_merchant(merchant).filter(customer=customer).order_by("pk")
    IdentityLink.objects.get_or_create(merchant=merchant, first=first, second=second)
    separation = Separation.objects.create(merchant=merchant)
    SeparatedIdentity.objects.create(merchant=merchant, separation=separation, identity=first, side=0)
    Merge.objects.create(
        merchant=merchant, kept=customer, kept_id_then=customer.pk, absorbed_id=customer.pk + 10**6, reason="staff"
    )
    Duplicate.objects.create(merchant=merchant, first=customer, second=other, reason="name", detail="Ada Muster")


def _earn(order: Order) -> None:
    """What the order brought and cost."""
    merchant = order.merchant
    Payment.objects.create(merchant=merchant, order=order, reference="Z", amount=3500, method="card", paid_at=AT)
    CostSettings.objects.get_or_create(merchant=merchant, defaults={"parcel_cost": 400, "return_cost": 300})
    PaymentFee.objects.get_or_create(merchant=merchant, method="card", defaults={"share": "0.02", "fixed": 10})
    ShopKpis.objects.get_or_create(merchant=merchant, defaults={"typical_gap_days": 30})
    CustomerKpis.objects.create(merchant=merchant, customer=order.customer, lifecycle="first_time")


def _tell(order: Order) -> None:
    """The confirmation of an order, kept."""
    message = Message.objects.create(
        merchant=order.merchant,
        kind="order_confirmation",
        legal_class="T",
        order=order,
        customer=order.customer,
        address="ada@example.org",
        locale="de",
        message_id=f"<{order.number}@shop.example>",
        unsubscribe_token=f"token-{order.number}",
        state="kept",
        sent_at=AT,
        body=b"Subject: Hello\r\nContent-Type: text/plain\r\n\r\nHello\r\n",
    )
    MessageBlock.objects.create(
        merchant=order.merchant,
        message=message,
        kind="order",
        legal_class="T",
        shown=True,
        basis="contract",
        code="contract",
    )


def _search(merchant: Merchant, number: int) -> None:
    """What can be searched for, and what was."""
    index_stale(merchant)
    Synonym.objects.create(merchant=merchant, words=[f"mug {number}"], finds=["cup"])
    SearchTerm.objects.create(merchant=merchant, day=AT.date(), text=f"mug {number}", searches=3, without_result=1)


def _ask(order: Order, staff: Staff, number: int) -> None:
    """A privacy request of the order's customer, and what erasures and retention left behind."""
    merchant = order.merchant
    PrivacyRequest.objects.create(
        merchant=merchant, kind="access", channel="email", customer=order.customer, due_on=AT.date(), assignee=staff
    )
    ConsentProof.objects.create(
        merchant=merchant, digest=f"{number:064}", kind="granted", occurred_at=AT, recorded_at=AT, kept_until=AT.date()
    )
    RetentionPeriod.objects.create(merchant=merchant, kind=f"kind-{number}", days=30)
    RetentionRun.objects.create(merchant=merchant, kind="messages", older_than=AT, removed=number)


def _track(order: Order, number: int) -> None:
    """What the buyer did before."""
    Event.objects.create(
        merchant=order.merchant,
        occurred_at=AT,
        received_at=AT,
        customer_id=order.customer_id,
        kind="track",
        channel="web",
        name="Product Viewed",
        anonymous_id=f"visitor-{number}",
        message_id=f"m-{number}",
        properties={"sku": f"SKU-{number}", "price": 19.99},
    )
    EventReceipt.objects.create(merchant=order.merchant, digest=uuid4(), occurred_at=AT)


def _recommend(order: Order, number: int) -> None:
    """What the buyer was recommended, and what the shop knows of it."""
    merchant, product = order.merchant, order.lines.all()[0].product
    about: dict[str, Any] = {
        "merchant": merchant,
        "answer": number,
        "occurred_at": AT,
        "placement": "home",
        "arm": "treated",
        "customer_id": order.customer_id,
    }
    Impression.objects.create(**about, products=[product.pk], sources=[1])
    Click.objects.create(**about, product=product, position=1, source=1)
    PlacementSettings.objects.get_or_create(merchant=merchant, placement="home", defaults={"holdout_percent": 10})
    PlacementDay.objects.create(
        merchant=merchant, day=AT.date() + timedelta(days=number), placement="home", arm="treated", impressions=1
    )
    OnlineReport.objects.get_or_create(merchant=merchant)
    Rule.objects.create(
        merchant=merchant,
        name=f"Rule {number}",
        action="boost",
        target="products",
        product_ids=[product.pk],
        factor=2.0,
        segment_kind="lifecycle",
        segment_value="active",
    )


def _promote(order: Order, number: int) -> None:
    """An offer with a code, used on the order, of which a unit came back."""
    merchant, customer = order.merchant, order.customer
    promotion = Promotion.objects.create(merchant=merchant, key=f"sun-{number}", name=f"Sun {number}", budget=1000)
    definition = {"id": f"sun-{number}", "version": 1, "benefit": {"percent": {"percent": "10"}}}
    version = PromotionVersion.objects.create(merchant=merchant, promotion=promotion, number=1, definition=definition)
    rules = RuleSet.objects.create(merchant=merchant, versions=[version.pk])
    PublishedPrices.objects.get_or_create(merchant=merchant, defaults={"versions": [version.pk]})
    batch = CouponBatch.objects.create(merchant=merchant, key=f"SPRING-{number}", name="Spring", length=10, wanted=1)
    coupon = Coupon.objects.create(merchant=merchant, batch=batch, code=f"SPRING{number}", customer=customer)
    redemption = Redemption.objects.create(
        merchant=merchant, rules=rules, cart={"lines": []}, evaluated_at=AT, customer=customer, order=order
    )
    RedemptionUse.objects.create(
        merchant=merchant, redemption=redemption, promotion=promotion, version=version, coupon=coupon, customer=customer
    )
    UseCount.objects.create(merchant=merchant, promotion=promotion, used=1)
    Replay.objects.create(merchant=merchant, promotion=promotion, version=version, wanted=100)
    PromotionReport.objects.create(merchant=merchant, promotion=promotion)
    Exposure.objects.create(
        merchant=merchant, promotion=promotion, arm="treated", customer_id=customer.pk, redemption=redemption
    )
    RedemptionReturn.objects.create(
        merchant=merchant, redemption=redemption, reference=f"R-{number}", units={"1": [0]}, refund=1, refund_in_all=1
    )


def _reward(order: Order, number: int) -> None:
    """The programme, and points of the order."""
    merchant, customer = order.merchant, order.customer
    about: dict[str, Any] = {"merchant": merchant, "customer": customer}
    LoyaltyProgram.objects.get_or_create(merchant=merchant, defaults={"is_active": True, "value_of_hundred": 100})
    tier = Tier.objects.create(merchant=merchant, key=f"gold-{number}", name="Gold", at_least=1000 + number)
    batch = CouponBatch.objects.for_merchant(merchant).order_by("-pk").first()
    Reward.objects.create(merchant=merchant, key=f"five-{number}", name="Five off", points=500, batch=batch)
    Member.objects.create(**about, balance=20, tier=tier)
    lot = PointLot.objects.create(
        **about,
        kind="order",
        key=f"order:{order.pk}",
        order=order,
        points=20,
        left=20,
        activates_at=AT,
        activated_at=AT,
    )
    PointEntry.objects.create(**about, lot=lot, kind="earn", points=20, order=order)
    ReferralCode.objects.create(**about, code=f"F-{number}")
    friend = CustomerFactory(merchant=merchant)
    Referral.objects.create(merchant=merchant, referrer=customer, invited=friend, order=order)


def rows_of(model: type[models.Model], merchant: Merchant) -> models.QuerySet[Any]:
    """The rows of ``model`` that belong to the merchant; of the tenant itself and of staff, those around it."""
    manager: Any = model._default_manager
    if model is Merchant:
        return manager.filter(pk=merchant.pk)
    if not issubclass(model, MerchantModel):
        return manager.filter(memberships__merchant=merchant)
    return manager.for_merchant(merchant)
