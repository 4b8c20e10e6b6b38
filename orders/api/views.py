"""The operations on orders."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import caller
from core.api.idempotency import idempotent
from core.api.schema import IDEMPOTENCY_KEY
from merchants.models import Scope
from orders.actions.placement import Outcome, place_order
from orders.api.incoming import ORDER_EXAMPLE, OrderInput
from orders.api.outgoing import OrderOutput
from orders.models import Order
from orders.queries import new_order_document, order_document


class OrdersView(APIView):
    """Orders come in."""

    scopes = {"POST": Scope.ORDERS_WRITE}

    @extend_schema(
        operation_id="place_order",
        parameters=[IDEMPOTENCY_KEY],
        request=OrderInput,
        responses={200: OrderOutput, 201: OrderOutput},
        examples=[OpenApiExample("Two units on invoice", ORDER_EXAMPLE, request_only=True)],
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
        return Response(OrderOutput(order_document(placed.order)).data)


class OrderView(APIView):
    """One order by its number."""

    scopes = {"GET": Scope.ORDERS_READ}

    @extend_schema(operation_id="read_order", responses=OrderOutput)
    def get(self, request: Request, number: str) -> Response:
        """The order with its shipments, returns and refunds."""
        order = get_object_or_404(Order.objects.for_merchant(caller(request).merchant), number=number)
        return Response(OrderOutput(order_document(order)).data)
