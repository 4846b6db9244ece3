from django.forms import ModelForm
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from .models import Notice


class NoticeForm(ModelForm):
    class Meta:
        model = Notice
        fields = ["text"]


@require_http_methods(["GET", "HEAD", "POST"])
def board(request):
    form = NoticeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("/")
    context = {
        "form": form,
        "notices": Notice.objects.all()[:50],
        # What a middleware of the server has put into the environ.
        "readers": request.environ["board.readers"],
    }
    return render(request, "board.html", context, status=422 if form.errors else 200)
