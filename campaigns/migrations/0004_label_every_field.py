import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_name_missing_basis"),
        ("merchants", "0002_label_every_field"),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="body",
            field=models.BinaryField(help_text="RFC 5322, exactly as handed over.", null=True, verbose_name="bytes"),
        ),
        migrations.AlterField(
            model_name="message",
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
            model_name="message",
            name="unsubscribe_token",
            field=models.CharField(editable=False, max_length=64, unique=True, verbose_name="objection token"),
        ),
        migrations.AlterField(
            model_name="messageblock",
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
            model_name="messageblock",
            name="message",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="blocks",
                to="campaigns.message",
                verbose_name="message",
            ),
        ),
    ]
