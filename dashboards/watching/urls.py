"""The addresses of saved views. A key is unguessable, and longer than any word that stands here."""

from django.urls import path

from dashboards.watching import views

urlpatterns = [
    path("views/", views.saved_views, name="saved_views"),
    path("views/new/", views.new_view, name="view_new"),
    path("views/mail/", views.mail_address, name="mail_address"),
    path("views/mail/<str:token>/", views.mail_confirm, name="mail_confirm"),
    path("views/unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("views/<slug:key>/", views.saved_view, name="saved_view"),
    path("views/<slug:key>.atom", views.view_feed, name="saved_view_feed"),
    path("views/<slug:key>/changes/", views.view_changes, name="view_changes"),
    path("views/<slug:key>/edit/", views.edit_view, name="view_edit"),
    path("views/<slug:key>/delete/", views.delete_view, name="view_delete"),
    path("views/<slug:key>/restore/", views.restore_view, name="view_restore"),
    path("views/<slug:key>/feed/", views.renew_feed, name="view_renew_feed"),
]
