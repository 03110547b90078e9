# Letters of ASCII, since Nix has no function for the case of a text.
let
  inherit (builtins)
    genList
    replaceStrings
    stringLength
    substring
    ;
in
rec {
  /**
    Splits a text into its bytes.

    # Example

        lettersOf "abc" => [ "a" "b" "c" ]
  */
  lettersOf = text: genList (at: substring at 1 text) (stringLength text);

  /**
    Changes the capital letters of a text to small ones.

    # Example

        lowerCase "Web-1" => "web-1"
  */
  lowerCase = replaceStrings (lettersOf "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (
    lettersOf "abcdefghijklmnopqrstuvwxyz"
  );
}
