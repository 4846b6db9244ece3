from django.db import models


class Notice(models.Model):
    at = models.DateTimeField(auto_now_add=True)
    text = models.CharField(max_length=300)

    class Meta:
        ordering = ["-id"]
