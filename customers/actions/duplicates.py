"""Which profiles may be one person: looked for every night and at a click, for staff to decide."""

from __future__ import annotations

from django.db import connection, transaction

from core.locks import lock_name
from customers.models import Duplicate
from merchants.models import Merchant

MOST = 2000  # more than staff go through; the next search finds the rest
# A name that so many people of one postcode bear says nothing.
COMMON = 8

_FOUND = """
WITH linked AS (
    SELECT least(one.customer_id, other.customer_id) AS first_id, greatest(one.customer_id, other.customer_id) AS second_id,
           CASE link_second.kind WHEN 'phone' THEN 'phone' ELSE 'conflict' END AS reason, link_second.value AS detail
    FROM customers_identitylink link
    JOIN customers_identity one ON one.id = link.first_id
    JOIN customers_identity other ON other.id = link.second_id
    JOIN customers_identity link_second ON link_second.id = link.second_id
    WHERE link.merchant_id = %(merchant)s AND link.refusal IN ('limit', 'taken')
      AND link_second.kind NOT IN ('anonymous_id', 'device_id') AND one.customer_id <> other.customer_id
), namesakes AS (
    SELECT array_agg(id ORDER BY id) AS ids, min(search_name) AS name, postal_code
    FROM customers_customer
    WHERE merchant_id = %(merchant)s AND postal_code <> '' AND first_name <> '' AND last_name <> ''
      AND erased_at IS NULL
    GROUP BY search_name, postal_code
    HAVING count(*) BETWEEN 2 AND %(common)s
), named AS (
    SELECT one.id AS first_id, other.id AS second_id, 'name' AS reason, initcap(name) || ', ' || postal_code AS detail
    FROM namesakes, unnest(ids) AS one (id), unnest(ids) AS other (id)
    WHERE one.id < other.id
), found AS (
    SELECT DISTINCT ON (first_id, second_id) first_id, second_id, reason, detail
    FROM (SELECT * FROM linked UNION ALL SELECT * FROM named) AS every
    ORDER BY first_id, second_id, array_position(ARRAY['conflict', 'phone', 'name'], reason), detail
    LIMIT %(most)s
), outdated AS (
    DELETE FROM customers_duplicate old
    WHERE merchant_id = %(merchant)s AND dismissed_at IS NULL
      AND NOT EXISTS (SELECT FROM found WHERE found.first_id = old.first_id AND found.second_id = old.second_id)
)
INSERT INTO customers_duplicate (merchant_id, first_id, second_id, reason, detail, found_at)
SELECT %(merchant)s, first_id, second_id, reason, detail, now() FROM found
ON CONFLICT (first_id, second_id) DO NOTHING
"""


@transaction.atomic
def find_duplicates(merchant: Merchant) -> int:
    """Bring the suggestions up to date; returns how many staff have to decide. What they decided stays decided."""
    lock_name(f"duplicates:{merchant.pk}")
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, {"merchant": merchant.pk, "common": COMMON, "most": MOST})
    return Duplicate.objects.for_merchant(merchant).open().count()
