"""What staff enter about orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from core.forms import KitForm, in_currency
from core.money import MAX_AMOUNT, to_major, to_minor
from merchants.models import Merchant
from orders.actions.costs import Costs, Fee
from orders.importing import FileFormat
from orders.payments import payment_name

MAX_UPLOAD = 500 * 1024 * 1024


class ImportForm(KitForm):
    """A file with the history of the shop."""

    file = forms.FileField(
        label=_("File"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.parquet,text/csv"}), max_length=255
    )
    file_format = forms.ChoiceField(
        label=_("Format"),
        choices=FileFormat.choices,
        help_text=_("In Shopify: Orders, Export, all orders, plain CSV."),
    )
    dry_run = forms.BooleanField(
        label=_("Trial run"),
        required=False,
        help_text=_("Reads the whole file and reports every row that would be rejected, but writes no order."),
    )

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_UPLOAD:
            raise forms.ValidationError(
                _("The file is larger than %(most)s. Please import it in parts."),
                code="too_large",
                params={"most": filesizeformat(MAX_UPLOAD)},
            )
        return file

    def request(self) -> dict[str, Any]:
        """The validated form as arguments of ``request_import``."""
        valid = self.cleaned_data
        return {"upload": valid["file"], "file_format": valid["file_format"], "dry_run": valid["dry_run"]}


def _amount(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_value=MAX_AMOUNT // 10**6, decimal_places=2, required=False, help_text=help_text
    )


@dataclass(frozen=True)
class MethodFields:
    """The two fields of a payment method."""

    name: str
    share: forms.BoundField
    fixed: forms.BoundField


class CostsForm(KitForm):
    """What parcels, returns and payment methods cost; amounts in the shop's currency, nothing entered is zero."""

    marks_optional = False
    parcel_cost = _amount(
        _("A parcel"), _("What sending one parcel costs you on average, packaging included, net of tax.")
    )
    return_cost = _amount(
        _("A return"), _("What one return costs you on average: postage, inspection and restocking, net of tax.")
    )

    def __init__(self, data: Any, *, merchant: Merchant, costs: Costs, methods: Sequence[str]) -> None:
        self._currency, self._methods = merchant.currency, methods
        initial: dict[str, Any] = {name: self._major(getattr(costs, name)) for name in ("parcel_cost", "return_cost")}
        for index, method in enumerate(methods):
            fee = costs.fees.get(method, Fee())
            initial[f"share_{index}"] = (fee.share * 100).quantize(Decimal("0.01"))
            initial[f"fixed_{index}"] = self._major(fee.fixed)
        super().__init__(data, initial=initial)
        for name in ("parcel_cost", "return_cost"):
            in_currency(self.fields[name], self._currency)
        for index, method in enumerate(methods):
            self._add_method(index, payment_name(method))

    def _add_method(self, index: int, name: str) -> None:
        share = forms.DecimalField(
            label=_("%(method)s: percent of the total") % {"method": name},
            min_value=0,
            max_value=100,
            decimal_places=2,
            required=False,
        )
        self.fields[f"share_{index}"] = share
        fixed = _amount(_("%(method)s: amount per order") % {"method": name})
        in_currency(fixed, self._currency)
        self.fields[f"fixed_{index}"] = fixed

    def _major(self, amount: int) -> Decimal:
        return to_major(amount, self._currency)

    def methods(self) -> Iterator[MethodFields]:
        """The fields of each payment method, for a table."""
        for index, method in enumerate(self._methods):
            yield MethodFields(payment_name(method), self[f"share_{index}"], self[f"fixed_{index}"])

    def general(self) -> list[forms.BoundField]:
        return [self["parcel_cost"], self["return_cost"]]

    def costs(self) -> Costs:
        """The validated costs."""
        return Costs(
            parcel_cost=self._minor("parcel_cost"),
            return_cost=self._minor("return_cost"),
            fees={
                method: Fee((self.cleaned_data[f"share_{index}"] or Decimal(0)) / 100, self._minor(f"fixed_{index}"))
                for index, method in enumerate(self._methods)
            },
        )

    def _minor(self, name: str) -> int:
        return to_minor(self.cleaned_data[name] or Decimal(0), self._currency)
