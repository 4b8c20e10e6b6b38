import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0002_label_every_field"),
        ("recommendations", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="modelversion",
            name="merchant",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="merchants.merchant",
                verbose_name="merchant",
            ),
        ),
    ]
