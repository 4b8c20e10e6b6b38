from django.db import migrations


class Migration(migrations.Migration):
    """The rows of rejected imports are core's from here on: imports of customers have them too."""

    dependencies = [
        ("core", "0003_importrejection"),
        ("orders", "0003_label_every_field"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.AlterModelTable("ImportRejection", "core_importrejection")],
            state_operations=[migrations.DeleteModel("ImportRejection")],
        ),
    ]
