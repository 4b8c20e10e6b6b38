import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The table is orders' so far; orders 0004 renames it. Here only Django learns where the model lives now."""

    dependencies = [
        ("core", "0002_label_every_field"),
        ("merchants", "0003_name_scopes"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="ImportRejection",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("line", models.PositiveIntegerField(verbose_name="line")),
                        ("code", models.CharField(max_length=40, verbose_name="reason")),
                        ("reason", models.CharField(max_length=300, verbose_name="explanation")),
                        ("row", models.JSONField(default=dict, verbose_name="row")),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="import_rejections",
                                to="core.job",
                                verbose_name="job",
                            ),
                        ),
                        (
                            "merchant",
                            models.ForeignKey(
                                editable=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="merchants.merchant",
                                verbose_name="merchant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "rejected row",
                        "verbose_name_plural": "rejected rows",
                        "ordering": ["line"],
                        "indexes": [models.Index(fields=["job", "line"], name="import_rejection_list")],
                    },
                ),
            ],
        ),
    ]
