/**
  Shows labels in a message.

  # Example

      showLabels { app = "web"; tier = "front"; } => "app=web, tier=front"
*/
labels:
builtins.concatStringsSep ", " (map (key: "${key}=${labels.${key}}") (builtins.attrNames labels))
