"""The rounds of the measurement over all shops."""

from celery import shared_task

from merchants.models import Merchant
from recommendations.measuring.folding import fold
from recommendations.measuring.reporting import make_report
from recommendations.models import Impression


@shared_task
def fold_recommendation_events() -> None:
    """Turn what storefronts told about recommendations into impressions and clicks."""
    for merchant in Merchant.objects.order_by("pk"):
        fold(merchant)


@shared_task
def report_recommendations() -> None:
    """Figure what recommendations led to, for every shop in which any were seen."""
    for merchant in Merchant.objects.order_by("pk"):
        if Impression.objects.for_merchant(merchant).exists():
            make_report(merchant)
