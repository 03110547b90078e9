/**
  Returns a value, or the default for a value that is null.

  # Type

      orElse :: a -> (a | null) -> a
*/
default: value: if value == null then default else value
