from django.db.models import Q
from django.views.generic import ListView

from .models import Book


class BookList(ListView):
    """All books, or with `?q=` those whose title or author has these words."""

    template_name = "catalog/books.html"
    paginate_by = 50

    def get_queryset(self):
        books = Book.objects.select_related("author")
        for word in self.request.GET.get("q", "").split():
            books = books.filter(Q(title__icontains=word) | Q(author__name__icontains=word))
        return books
