"""The operations on orders."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.schema import IDEMPOTENCY_KEY
from merchants.models import Scope
from orders.actions.cancellation import cancel_order
from orders.actions.payments import record_payment
from orders.actions.placement import Outcome, place_order
from orders.actions.returns import record_return
from orders.actions.shipments import record_shipment
from orders.api import examples
from orders.api.incoming import CancellationInput, OrderInput, PaymentInput, ReturnInput, ShipmentInput
from orders.api.outgoing import OrderOutput
from orders.models import Order
from orders.queries import new_order_document, order_document


def _example(name: str, request: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, request, request_only=True)


def _order_or_404(request: Request, number: str) -> Order:
    return get_object_or_404(Order.objects.for_merchant(caller(request).merchant), number=number)


def _answer(order: Order, *, is_new: bool = False) -> Response:
    return Response(OrderOutput(order_document(order)).data, status=201 if is_new else 200)


class OrdersView(APIView):
    """Orders come in."""

    scopes = {"POST": Scope.ORDERS_WRITE}

    @extend_schema(
        operation_id="place_order",
        parameters=[IDEMPOTENCY_KEY],
        request=OrderInput,
        responses={200: OrderOutput, 201: OrderOutput},
        examples=[_example("Two units on invoice", examples.ORDER)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Store an order, once per number.

        201: it is new. 200: its number was known; a higher `version` replaced the stored order, an equal or lower
        one changed nothing. The answer is always the order as stored.
        """
        given = OrderInput(data=request.data)
        given.is_valid(raise_exception=True)
        placed = place_order(caller(request).merchant, given.order())
        if placed.outcome == Outcome.CREATED:
            return Response(OrderOutput(new_order_document(placed.order, placed.lines)).data, status=201)
        return _answer(placed.order)


class OrderView(APIView):
    """One order by its number."""

    scopes = {"GET": Scope.ORDERS_READ}

    @extend_schema(operation_id="read_order", responses=OrderOutput)
    def get(self, request: Request, number: str) -> Response:
        """The order with its shipments, returns and refunds."""
        return _answer(_order_or_404(request, number))


class ShipmentsView(APIView):
    """Parcels of an order."""

    scopes = {"POST": Scope.ORDERS_WRITE}

    @extend_schema(
        operation_id="record_shipment",
        parameters=[IDEMPOTENCY_KEY],
        request=ShipmentInput,
        responses={200: OrderOutput, 201: OrderOutput},
        examples=[_example("A parcel leaves", examples.SHIPMENT), _example("It arrives", examples.ARRIVAL)],
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Store a parcel, once per reference, or add tracking events to a known one. Answers the whole order."""
        given = ShipmentInput(data=request.data)
        given.is_valid(raise_exception=True)
        recorded = record_shipment(_order_or_404(request, number), given.shipment())
        return _answer(recorded.order, is_new=recorded.is_new)


class ReturnsView(APIView):
    """Units that came back."""

    scopes = {"POST": Scope.ORDERS_WRITE}

    @extend_schema(
        operation_id="record_return",
        parameters=[IDEMPOTENCY_KEY],
        request=ReturnInput,
        responses={200: OrderOutput, 201: OrderOutput},
        examples=[_example("One unit comes back", examples.RETURN)],
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Store a return with its refund, once per reference. Answers the whole order."""
        given = ReturnInput(data=request.data)
        given.is_valid(raise_exception=True)
        recorded = record_return(_order_or_404(request, number), given.returned())
        return _answer(recorded.order, is_new=recorded.is_new)


class PaymentsView(APIView):
    """Money that came in."""

    scopes = {"POST": Scope.ORDERS_WRITE}

    @extend_schema(
        operation_id="record_payment",
        parameters=[IDEMPOTENCY_KEY],
        request=PaymentInput,
        responses={200: OrderOutput, 201: OrderOutput},
        examples=[_example("An invoice is paid", examples.PAYMENT)],
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Store a payment, once per reference; an order can be paid in parts. Answers the whole order."""
        given = PaymentInput(data=request.data)
        given.is_valid(raise_exception=True)
        recorded = record_payment(_order_or_404(request, number), given.payment())
        return _answer(recorded.order, is_new=recorded.is_new)


class CancellationView(APIView):
    """Units that will not be shipped."""

    scopes = {"POST": Scope.ORDERS_WRITE}

    @extend_schema(
        operation_id="cancel_order",
        parameters=[IDEMPOTENCY_KEY],
        request=CancellationInput,
        responses=OrderOutput,
        examples=[
            _example("The whole order", examples.CANCELLATION),
            _example("One unit", examples.PARTIAL_CANCELLATION),
        ],
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        """Cancel the order, or some units that were not shipped. Answers the whole order.

        Cancelling a whole order again changes nothing; for units send an `Idempotency-Key`, or a retry cancels more.
        """
        given = CancellationInput(data=request.data)
        given.is_valid(raise_exception=True)
        return _answer(cancel_order(_order_or_404(request, number), given.cancellation()))
