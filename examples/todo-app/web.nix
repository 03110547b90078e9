# The web application: a page with the items, and a form for one more. The database is known by the name of its Service.
{ app, program }:
app {
  name = "todo-web";
  package = program {
    name = "todo-web";
    port = 8080;
    script = ''
      if [ "$REQUEST_METHOD" = POST ]; then
        body=$($busybox head -c "$CONTENT_LENGTH")
        if $busybox wget -q -O - --post-data "$($busybox httpd -d "''${body#item=}")" "$DATABASE" > /dev/null; then
          printf 'Status: 303 See Other\r\nLocation: items\r\n\r\n'
        else
          printf 'Status: 502 Bad Gateway\r\n\r\nThe database does not answer: the item is not stored.\n'
        fi
        exit
      fi
      printf 'Content-Type: text/html; charset=utf-8\r\n\r\n<title>To do</title><ul>\n'
      $busybox wget -q -O - "$DATABASE" | $busybox sed 's/&/\&amp;/g; s/</\&lt;/g; s/^/<li>/'
      echo '</ul><form method=post><input name=item autofocus><button>Add</button></form>'
    '';
  };
  port = 8080;
  replicas = 2;
  health = "/healthz";
  host = "todo.example.org";
  env.DATABASE = "http://todo-database:5000/cgi-bin/items";
}
