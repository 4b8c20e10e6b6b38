"""Every address of the installation, and the floor that the API is compared with."""

from typing import Any

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cxapp.urls import urlpatterns as installed
from merchants.models import Scope


class NoOp(APIView):
    """A DRF view that does nothing, behind the same middleware, authentication, permission and throttle."""

    scopes = {"GET": Scope.RECOMMENDATIONS_READ}

    def get(self, request: Request) -> Response:
        return Response({})


class Bare(APIView):
    """Likewise without authentication, permission and throttle."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    throttle_classes: list[Any] = []

    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("api/v1/no-op", NoOp.as_view()), path("api/v1/bare", Bare.as_view()), *installed]
