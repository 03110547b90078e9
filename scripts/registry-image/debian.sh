# Builds the part of a Debian package: the files that the image needs of it, where Debian has them, and its copyright. The
# control file tells scanners which version that is, as images without dpkg have it.
set -eu
mkdir package
dpkg-deb --fsys-tarfile "$src" >package.tar
# A builder may not make directories that belong to a group.
tar -C package -xf package.tar --no-same-owner --no-same-permissions --exclude=./var
cd package
for pattern in $files; do
  pattern=$(printf '%s' "$pattern" | sed "s/@triplet@/$triplet/g")
  for file in $pattern; do
    [ -e "$file" ] || [ -L "$file" ] || { echo "$package has no $file" >&2; exit 1; }
    mkdir -p "$out/$(dirname "$file")"
    cp -P "$file" "$out/$file"
    # The name of a library may be a link to the file of its version.
    if [ -L "$file" ]; then
      name=$(readlink "$file")
      target=$(dirname "$file")/$name
      case "$name" in
        */*) ;;
        *) [ -e "$out/$target" ] || [ ! -f "$target" ] || cp -P "$target" "$out/$target" ;;
      esac
    fi
  done
done
# Debian makes this file when the package is installed.
if [ "$package" = ca-certificates ]; then
  mkdir -p "$out/etc/ssl/certs"
  cat usr/share/ca-certificates/mozilla/*.crt >"$out/etc/ssl/certs/ca-certificates.crt"
fi
document=usr/share/doc/$package
# libgcc-s1 and libstdc++6 have a link to the document of another package.
if [ -f "$document/copyright" ]; then
  mkdir -p "$out/$document"
  cp -L "$document/copyright" "$out/$document/copyright"
elif [ -L "$document" ]; then
  mkdir -p "$out/usr/share/doc"
  cp -P "$document" "$out/$document"
fi
mkdir -p "$out/var/lib/dpkg/status.d"
{ dpkg-deb -f "$src"; echo 'Status: install ok installed'; } >"$out/var/lib/dpkg/status.d/$package"
