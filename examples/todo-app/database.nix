# The database: a line an item, in storage of its own.
{ app, program }:
app {
  name = "todo-database";
  package = program {
    name = "todo-database";
    port = 5000;
    script = ''
      printf 'Content-Type: text/plain\r\n\r\n'
      if [ "$REQUEST_METHOD" = POST ]; then
        { $busybox head -c "$CONTENT_LENGTH" | $busybox tr '\n' ' '; echo; } >> "$ITEMS"
      fi
      $busybox cat "$ITEMS" 2>/dev/null || :
    '';
  };
  port = 5000;
  health = "/healthz";
  env.ITEMS = "/data/items";
  storage."/data" = "1Gi";
}
