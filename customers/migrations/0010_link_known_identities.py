"""What profiles have in several identities was seen together once: from here on profiles follow from links."""

from django.db import migrations

LINKS = """
INSERT INTO customers_identitylink (merchant_id, first_id, second_id, standing, source, first_seen_at, refusal)
SELECT other.merchant_id, first.id, other.id, 'seen', '', GREATEST(first.created_at, other.created_at), ''
FROM customers_identity other
JOIN (
    SELECT DISTINCT ON (customer_id) id, customer_id, created_at
    FROM customers_identity
    ORDER BY customer_id, array_position(ARRAY['external_id', 'loyalty_card', 'email', 'phone'], kind::text), id
) first ON first.customer_id = other.customer_id AND first.id <> other.id
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0009_identity_resolution")]

    operations = [migrations.RunSQL(LINKS, migrations.RunSQL.noop)]
