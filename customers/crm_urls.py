"""Addresses of notes, tasks, companies, imports and exports."""

from django.urls import URLPattern, path

import core.api.converters  # noqa: F401  # registers the converter ``long_key``
from customers.api import companies as api
from customers.views import companies, crm, exports, imports

crm_urlpatterns = [
    path("customers/<int:pk>/notes", crm.note_add, name="note_add"),
    path("customers/notes/<int:pk>/edit", crm.note_edit, name="note_edit"),
    path("customers/notes/<int:pk>/pin", crm.note_pin, name="note_pin"),
    path("customers/notes/<int:pk>/delete", crm.note_delete, name="note_delete"),
    path("customers/<int:pk>/tasks", crm.task_add, name="task_add"),
    path("customers/tasks/", crm.task_list, name="task_list"),
    path("customers/tasks/complete", crm.task_complete, name="task_complete"),
    path("customers/tasks/<int:pk>/edit", crm.task_edit, name="task_edit"),
    path("customers/tasks/<int:pk>/done", crm.task_done, name="task_done"),
    path("customers/tasks/<int:pk>/reopen", crm.task_reopen, name="task_reopen"),
    path("customers/tasks/<int:pk>/delete", crm.task_delete, name="task_delete"),
    path("customers/<int:pk>/companies", companies.customer_company_add, name="customer_company_add"),
    path("customers/companies/", companies.company_list, name="company_list"),
    path("customers/companies/add", companies.company_add, name="company_add"),
    path("customers/companies/<int:pk>/", companies.company_detail, name="company_detail"),
    path("customers/companies/<int:pk>/edit", companies.company_edit, name="company_edit"),
    path("customers/companies/<int:pk>/delete", companies.company_delete, name="company_delete"),
    path("customers/companies/<int:pk>/people", companies.company_person_add, name="company_person_add"),
    path("customers/companies/<int:pk>/suggestions", companies.company_suggestions, name="company_suggestions"),
    path("customers/companies/people/<int:pk>/role", companies.company_person_role, name="company_person_role"),
    path("customers/companies/people/<int:pk>/remove", companies.company_person_remove, name="company_person_remove"),
    path("customers/imports/", imports.customer_import_list, name="customer_import_list"),
    path("customers/imports/start", imports.customer_import_start, name="customer_import_start"),
    path("customers/imports/<int:pk>/", imports.customer_import_detail, name="customer_import_detail"),
    path("customers/imports/<int:pk>/columns", imports.customer_import_mapping, name="customer_import_mapping"),
    path("customers/imports/<int:pk>/confirm", imports.customer_import_confirm, name="customer_import_confirm"),
    path("customers/imports/<int:pk>/rejected.csv", imports.customer_import_rejected, name="customer_import_rejected"),
    path("customers/export", exports.customer_export, name="customer_export"),
    path("customers/exports/<int:pk>/file", exports.customer_export_download, name="customer_export_download"),
]
crm_api_urlpatterns: list[URLPattern] = [
    # The address with people first: an id of the shop's may hold slashes.
    path(
        "companies/<long_key:external_id>/people/<long_key:customer_external_id>",
        api.CompanyPersonView.as_view(),
        name="api_company_person",
    ),
    path("companies/<long_key:external_id>", api.CompanyView.as_view(), name="api_company"),
]
