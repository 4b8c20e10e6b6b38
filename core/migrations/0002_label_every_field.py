import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("merchants", "0002_label_every_field"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="merchant",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="merchants.merchant",
                verbose_name="merchant",
            ),
        ),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="body",
            field=models.JSONField(verbose_name="answer"),
        ),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="created"),
        ),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="fingerprint",
            field=models.CharField(max_length=64, verbose_name="digest"),
        ),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="key",
            field=models.CharField(max_length=255, verbose_name="key"),
        ),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="merchant",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="merchants.merchant",
                verbose_name="merchant",
            ),
        ),
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="status",
            field=models.PositiveSmallIntegerField(verbose_name="status"),
        ),
        migrations.AlterField(
            model_name="job",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="asked for by",
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="cancel_requested",
            field=models.BooleanField(default=False, verbose_name="cancellation asked for"),
        ),
        migrations.AlterField(
            model_name="job",
            name="finished_at",
            field=models.DateTimeField(null=True, verbose_name="ended"),
        ),
        migrations.AlterField(
            model_name="job",
            name="heartbeat_at",
            field=models.DateTimeField(null=True, verbose_name="last sign of life"),
        ),
        migrations.AlterField(
            model_name="job",
            name="merchant",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="merchants.merchant",
                verbose_name="merchant",
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="parameters",
            field=models.JSONField(default=dict, verbose_name="parameters"),
        ),
        migrations.AlterField(
            model_name="job",
            name="result",
            field=models.JSONField(default=dict, verbose_name="result"),
        ),
        migrations.AlterField(
            model_name="job",
            name="started_at",
            field=models.DateTimeField(null=True, verbose_name="begun"),
        ),
    ]
