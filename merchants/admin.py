"""Merchants, their staff, keys and audit log, for administrators."""

from __future__ import annotations

from typing import Any

import allauth.mfa.admin  # noqa: F401  # registers its own page, which is replaced below
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from merchants.administration import ReadOnlyAdmin
from merchants.models import ApiKey, AuditEntry, Membership, Merchant, Staff

admin.site.site_header = _("cxapp administration")
admin.site.site_title = "cxapp"


@admin.register(Merchant)
class MerchantAdmin(admin.ModelAdmin[Merchant]):
    list_display = ("name", "slug", "currency", "country", "language", "created_at")
    list_filter = ("country", "currency")
    search_fields = ("name", "slug", "legal_name")
    show_full_result_count = False
    prepopulated_fields = {"slug": ("name",)}
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def has_delete_permission(self, request: HttpRequest, obj: Merchant | None = None) -> bool:
        """Deleting a merchant deletes everything it has: that is no matter of one click."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Merchant | None = None) -> tuple[str, ...]:
        return ("currency",) if obj else ()


class StaffCreationForm(AdminUserCreationForm[Any]):
    class Meta:
        model = Staff
        fields = ("email",)


class StaffChangeForm(UserChangeForm[Any]):
    class Meta:
        model = Staff
        fields = "__all__"  # the fieldsets below name what is shown


@admin.register(Staff)
class StaffAdmin(UserAdmin[Any]):
    form = StaffChangeForm
    add_form = StaffCreationForm
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("email", "first_name", "last_name")
    show_full_result_count = False
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "language", "theme")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin[Membership]):
    list_display = ("staff", "merchant", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("staff", "merchant")
    search_fields = ("staff__email", "merchant__slug", "merchant__name")
    show_full_result_count = False
    autocomplete_fields = ("staff", "merchant")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Without the digest: nobody needs to see it. Keys are made and revoked in the settings of the shop."""

    list_display = ("name", "merchant", "kind", "prefix", "created_at", "last_used_at", "revoked_at")
    search_fields = ("name", "^prefix")
    fields = ("merchant", "name", "kind", "prefix", "scopes", "created_by", "created_at", "last_used_at", "revoked_at")
    readonly_fields = fields


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "merchant", "staff", "action", "subject_label")
    list_select_related = ("merchant", "staff")
    search_fields = ("=action", "staff__email")
    readonly_fields = ("merchant", "staff")


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin[Authenticator]):
    """Second factors: that they exist, and a way to remove a lost one. Their secrets are not shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    show_full_result_count = False
    fields = ("user", "type", "created_at", "last_used_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
