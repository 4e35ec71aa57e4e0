"""The addresses of saved views. A key is unguessable, and longer than any word that stands here."""

from django.urls import path

from dashboards.watching import views

urlpatterns = [
    path("", views.saved_views, name="saved_views"),
    path("new/", views.new_view, name="view_new"),
    path("mail/", views.mail_address, name="mail_address"),
    path("mail/<str:token>/", views.mail_confirm, name="mail_confirm"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("<slug:key>/", views.saved_view, name="saved_view"),
    path("<slug:key>.atom", views.view_feed, name="saved_view_feed"),
    path("<slug:key>/changes/", views.view_changes, name="view_changes"),
    path("<slug:key>/edit/", views.edit_view, name="view_edit"),
    path("<slug:key>/delete/", views.delete_view, name="view_delete"),
    path("<slug:key>/restore/", views.restore_view, name="view_restore"),
    path("<slug:key>/feed/", views.renew_feed, name="view_renew_feed"),
]
