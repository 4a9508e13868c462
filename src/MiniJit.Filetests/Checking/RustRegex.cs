// Expressions in checks are written in the syntax of Rust's regex crate. It and .NET's agree on nearly everything that is
// meaningful in both; this maps the spellings that differ and refuses what Rust refuses (look-around, back-references), so that a
// test file which passes here can pass there.
using System;
using System.Text;
using System.Text.RegularExpressions;

namespace MiniJit.Filetests.Checking;

internal static class RustRegex
{
    /// <summary>Rust finds the leftmost match of the first alternative, which is what backtracking finds.</summary>
    public const RegexOptions Options = RegexOptions.Multiline | RegexOptions.CultureInvariant;

    private static readonly (string Rust, string DotNet)[] s_posixClasses =
    [
        ("[:alnum:]", "0-9A-Za-z"), ("[:alpha:]", "A-Za-z"), ("[:ascii:]", @"\x00-\x7F"), ("[:blank:]", @"\t "),
        ("[:cntrl:]", @"\x00-\x1F\x7F"), ("[:digit:]", "0-9"), ("[:graph:]", "!-~"), ("[:lower:]", "a-z"),
        ("[:print:]", " -~"), ("[:punct:]", @"!-/:-@\[-`{-~"), ("[:space:]", @"\t\n\v\f\r "), ("[:upper:]", "A-Z"),
        ("[:word:]", "0-9A-Za-z_"), ("[:xdigit:]", "0-9A-Fa-f"),
    ];

    /// <summary>Rewrites an expression.</summary>
    public static bool TryTranslate(ReadOnlySpan<char> rust, out string expression, out string error)
    {
        StringBuilder output = new();
        expression = error = "";
        bool inClass = false;
        for (int i = 0; i < rust.Length; i++)
        {
            ReadOnlySpan<char> rest = rust[i..];
            if (rest[0] == '\\')
            {
                if (!TryEscape(rest, output, out int length, out error))
                {
                    return false;
                }

                i += length - 1;
            }
            else if (inClass)
            {
                int posix = PosixClass(rest);
                if (posix >= 0)
                {
                    output.Append(s_posixClasses[posix].DotNet);
                    i += s_posixClasses[posix].Rust.Length - 1;
                    continue;
                }

                if (rest[0] == '[' || rest.StartsWith("&&") || rest.StartsWith("--") || rest.StartsWith("~~"))
                {
                    error = "nested classes and class operators are not supported";
                    return false;
                }

                inClass = rest[0] != ']';
                output.Append(rest[0]);
            }
            else if (rest[0] == '[')
            {
                inClass = true;
                int length = rest.StartsWith("[^]") ? 3 : rest.StartsWith("[^") || rest.StartsWith("[]") ? 2 : 1;
                output.Append(rest[..length]);                 // a bracket that comes first is a member
                i += length - 1;
            }
            else if (rest.StartsWith("(?"))
            {
                if (rest.StartsWith("(?=") || rest.StartsWith("(?!") || rest.StartsWith("(?<=") || rest.StartsWith("(?<!"))
                {
                    error = "look-around is not supported";
                    return false;
                }

                bool named = rest.StartsWith("(?P<");
                output.Append(named ? "(?<" : "(?");
                i += named ? 3 : 1;
            }
            else
            {
                output.Append(rest[0]);
            }
        }

        expression = output.ToString();
        try
        {
            _ = new Regex(expression, Options);
        }
        catch (ArgumentException e)
        {
            error = $"invalid expression: {e.Message}";
        }

        return error.Length == 0;
    }

    private static int PosixClass(ReadOnlySpan<char> rest)
    {
        for (int i = 0; i < s_posixClasses.Length; i++)
        {
            if (rest.StartsWith(s_posixClasses[i].Rust))
            {
                return i;
            }
        }

        return -1;
    }

    // `\x{7F}`, `\u{7F}`, `\pL` have other spellings in .NET; `\1` and `\k` are not regular.
    private static bool TryEscape(ReadOnlySpan<char> rest, StringBuilder output, out int length, out string error)
    {
        error = "";
        length = Math.Min(2, rest.Length);
        char c = length == 2 ? rest[1] : '\0';
        if (char.IsAsciiDigit(c) || c == 'k')
        {
            error = "back-references are not supported";
            return false;
        }

        if (c is 'p' or 'P' && rest.Length > 2 && rest[2] != '{')
        {
            output.Append('\\').Append(c).Append('{').Append(rest[2]).Append('}');
            length = 3;
            return true;
        }

        int close = rest.IndexOf('}');
        if (c is 'x' or 'u' or 'U' && rest.Length > 2 && rest[2] == '{' && close > 0)
        {
            if (!uint.TryParse(rest[3..close], System.Globalization.NumberStyles.AllowHexSpecifier, null, out uint code) || code > char.MaxValue)
            {
                error = "character code out of range";
                return false;
            }

            output.Append(System.Globalization.CultureInfo.InvariantCulture, $@"\u{code:X4}");
            length = close + 1;
            return true;
        }

        output.Append(rest[..length]);
        return true;
    }
}
