# Prints FILE:LINE:CODE of C sources without comments. KEEP=1 keeps what is between quotes, otherwise
# it is left empty.
FNR == 1 { in_comment = 0 }
{
    out = ""
    s = $0
    while (s != "") {
        if (in_comment) {
            i = index(s, "*/")
            if (!i)
                break
            s = substr(s, i + 2)
            in_comment = 0
            continue
        }
        if (!match(s, /"|'|\/\*|\/\//)) {
            out = out s
            break
        }
        out = out substr(s, 1, RSTART - 1)
        t = substr(s, RSTART, RLENGTH)
        s = substr(s, RSTART + RLENGTH)
        if (t == "/*") {
            in_comment = 1
        } else if (t == "//") {
            break
        } else {
            q = ""
            while (s != "") {
                c = substr(s, 1, 1)
                if (c == "\\") {
                    q = q substr(s, 1, 2)
                    s = substr(s, 3)
                    continue
                }
                s = substr(s, 2)
                if (c == t)
                    break
                q = q c
            }
            out = out t (KEEP ? q : "") t
        }
    }
    print FILENAME ":" FNR ":" out
}
