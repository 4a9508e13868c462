// The pattern of a filecheck directive (filetest reference, section 10.2): literal text with `$` forms in it. Most patterns have
// none, or only variables that are bound to text by the time the pattern is matched; those are searched for as plain strings. Only
// what contains an expression becomes a Regex.
using System;
using System.Collections.Generic;
using System.Text;
using System.Text.RegularExpressions;

namespace MiniJit.Filetests.Checking;

/// <summary>Parts of a pattern.</summary>
internal enum PatternPartKind : byte
{
    /// <summary>Matches itself.</summary>
    Text,

    /// <summary><c>$NAME</c>, <c>$(NAME)</c>.</summary>
    Use,

    /// <summary><c>$(NAME=regex)</c>.</summary>
    Define,

    /// <summary><c>$(NAME=$RX)</c>.</summary>
    DefineAs,

    /// <summary><c>$(=regex)</c>.</summary>
    Expression,
}

/// <param name="Kind">Which form.</param>
/// <param name="Name">The variable; empty if the form has none.</param>
/// <param name="Text">Literal text, the expression in .NET syntax, or the regex variable of <see cref="PatternPartKind.DefineAs"/>.</param>
internal readonly record struct PatternPart(PatternPartKind Kind, string Name, string Text);

/// <summary>What a variable stands for.</summary>
/// <param name="Text">Matched text, or an expression in .NET syntax.</param>
/// <param name="IsExpression">Which of the two.</param>
/// <param name="Offset">End of the match that bound it; 0 for an expression.</param>
internal readonly record struct Binding(string Text, bool IsExpression, int Offset);

/// <summary>A pattern with its variables filled in.</summary>
internal readonly struct ResolvedPattern
{
    private readonly string? _literal;
    private readonly bool _wordStart, _wordEnd;
    private readonly Regex? _regex;

    public ResolvedPattern(string literal, bool wordStart, bool wordEnd)
    {
        _literal = literal;
        _wordStart = wordStart;
        _wordEnd = wordEnd;
    }

    public ResolvedPattern(Regex regex) => _regex = regex;

    /// <summary>For reports.</summary>
    public override string ToString() => _literal ?? _regex!.ToString();

    /// <summary>
    /// First match in <paramref name="text"/>[from..to]. The slice counts as a whole text: a word boundary is seen at its ends.
    /// </summary>
    /// <param name="text">The text under test.</param>
    /// <param name="from">Start of the slice.</param>
    /// <param name="to">End of the slice.</param>
    /// <param name="begin">Start of the match.</param>
    /// <param name="end">End of the match.</param>
    /// <param name="groups">The match, if the pattern is an expression.</param>
    public bool TryFind(string text, int from, int to, out int begin, out int end, out Match? groups)
    {
        groups = null;
        begin = end = -1;
        if (_regex is not null)
        {
            groups = _regex.Match(text, from, to - from);
            begin = groups.Index;
            end = begin + groups.Length;
            return groups.Success;
        }

        ReadOnlySpan<char> slice = text.AsSpan(from, to - from);
        for (int at = 0; at <= slice.Length - _literal!.Length;)
        {
            int found = slice[at..].IndexOf(_literal, StringComparison.Ordinal);
            if (found < 0)
            {
                return false;
            }

            at += found;
            int after = at + _literal.Length;
            bool startsInsideWord = _wordStart && at > 0 && CheckPattern.IsWord(slice[at - 1]);
            bool endsInsideWord = _wordEnd && after < slice.Length && CheckPattern.IsWord(slice[after]);
            if (!startsInsideWord && !endsInsideWord)
            {
                begin = from + at;
                end = from + after;
                return true;
            }

            at++;
        }

        return false;
    }
}

/// <summary>A parsed pattern.</summary>
internal sealed class CheckPattern
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);
    private readonly List<PatternPart> _parts = [];
    private readonly string _source;
    private bool _wordStart, _wordEnd;

    private CheckPattern(string source) => _source = source;

    /// <summary>The parts, neighbouring literals merged.</summary>
    public IReadOnlyList<PatternPart> Parts => _parts;

    /// <summary>Whether it binds variables.</summary>
    public bool Defines { get; private set; }

    public override string ToString() => _source;

    public static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';

    /// <summary>Reads a pattern.</summary>
    public static bool TryParse(ReadOnlySpan<char> source, out CheckPattern pattern, out string error)
    {
        source = source.Trim();
        pattern = new(source.ToString());
        StringBuilder literal = new();
        for (ReadOnlySpan<char> rest = source; !rest.IsEmpty;)
        {
            int dollar = rest.IndexOf('$');
            literal.Append(dollar < 0 ? rest : rest[..dollar]);
            rest = dollar < 0 ? default : rest[(dollar + 1)..];
            if (dollar >= 0 && !pattern.TryTakeForm(ref rest, literal, out error))
            {
                return false;
            }
        }

        pattern.Flush(literal);
        // `$()` at an end is how a pattern says that it wants no word boundary there.
        pattern._wordStart = !source.IsEmpty && IsWord(source[0]);
        pattern._wordEnd = !source.IsEmpty && IsWord(source[^1]) && pattern._parts[^1].Kind == PatternPartKind.Text;
        return pattern.CheckNames(out error);
    }

    /// <summary>Fills the variables in.</summary>
    public bool TryResolve(Dictionary<string, Binding> bindings, out ResolvedPattern resolved, out string error)
    {
        resolved = default;
        bool literal = true;
        foreach (PatternPart part in _parts)
        {
            string variable = part.Kind == PatternPartKind.DefineAs ? part.Text : part.Kind == PatternPartKind.Use ? part.Name : "";
            if (variable.Length != 0)
            {
                if (!bindings.TryGetValue(variable, out Binding binding))
                {
                    error = $"undefined variable ${variable}";
                    return false;
                }

                if (part.Kind == PatternPartKind.DefineAs && !binding.IsExpression)
                {
                    error = $"${variable} is not a regex variable";
                    return false;
                }

                literal &= part.Kind == PatternPartKind.Use && !binding.IsExpression;
            }

            literal &= part.Kind is PatternPartKind.Text or PatternPartKind.Use;
        }

        StringBuilder text = new();
        foreach (PatternPart part in _parts)
        {
            Append(text, part, bindings, literal);
        }

        error = "";
        resolved = literal
            ? new(text.ToString(), _wordStart, _wordEnd)
            : new(new Regex((_wordStart ? @"\b" : "") + text + (_wordEnd ? @"\b" : ""), RustRegex.Options, s_limit));
        return true;
    }

    private static void Append(StringBuilder text, PatternPart part, Dictionary<string, Binding> bindings, bool literal)
    {
        switch (part.Kind)
        {
            case PatternPartKind.Text:
                text.Append(literal ? part.Text : Regex.Escape(part.Text));
                break;
            case PatternPartKind.Use:
                Binding used = bindings[part.Name];
                text.Append(literal ? used.Text : used.IsExpression ? $"(?:{used.Text})" : Regex.Escape(used.Text));
                break;
            case PatternPartKind.Define:
                text.Append("(?<").Append(part.Name).Append('>').Append(part.Text).Append(')');
                break;
            case PatternPartKind.DefineAs:
                text.Append("(?<").Append(part.Name).Append('>').Append(bindings[part.Text].Text).Append(')');
                break;
            default:
                text.Append("(?:").Append(part.Text).Append(')');
                break;
        }
    }

    // Takes what follows a dollar sign.
    private bool TryTakeForm(ref ReadOnlySpan<char> rest, StringBuilder literal, out string error)
    {
        error = "";
        if (!rest.IsEmpty && rest[0] == '$')
        {
            literal.Append('$');
            rest = rest[1..];
            return true;
        }

        int length = NameLength(rest);
        if (length > 0)
        {
            Flush(literal);
            _parts.Add(new(PatternPartKind.Use, rest[..length].ToString(), ""));
            rest = rest[length..];
            return true;
        }

        if (rest.IsEmpty || rest[0] != '(')
        {
            error = "expected a name, '(' or '$' after '$'";
            return false;
        }

        int close = ClosingParenthesis(rest);
        if (close < 0)
        {
            error = "unbalanced parentheses in '$('";
            return false;
        }

        ReadOnlySpan<char> inner = rest[1..close];
        rest = rest[(close + 1)..];
        Flush(literal);
        return TryTakeParenthesised(inner, out error);
    }

    private bool TryTakeParenthesised(ReadOnlySpan<char> inner, out string error)
    {
        error = "";
        int length = NameLength(inner);
        string name = inner[..length].ToString();
        if (length == inner.Length)
        {
            // `$()` separates: an empty literal that is not merged with its neighbours.
            _parts.Add(length == 0 ? new(PatternPartKind.Text, "", "") : new(PatternPartKind.Use, name, ""));
            return true;
        }

        if (inner[length] != '=')
        {
            error = $"expected '=' or ')' after '$({name}'";
            return false;
        }

        ReadOnlySpan<char> value = inner[(length + 1)..];
        if (length > 0 && value.Length > 1 && value[0] == '$' && NameLength(value[1..]) == value.Length - 1)
        {
            _parts.Add(new(PatternPartKind.DefineAs, name, value[1..].ToString()));
        }
        else if (RustRegex.TryTranslate(value, out string expression, out error))
        {
            _parts.Add(new(length == 0 ? PatternPartKind.Expression : PatternPartKind.Define, name, expression));
        }

        Defines |= length > 0;
        return error.Length == 0;
    }

    private bool CheckNames(out string error)
    {
        for (int i = 0; i < _parts.Count; i++)
        {
            bool defines = _parts[i].Kind is PatternPartKind.Define or PatternPartKind.DefineAs;
            for (int j = 0; defines && j < _parts.Count; j++)
            {
                if (i != j && _parts[j].Name == _parts[i].Name)
                {
                    error = $"${_parts[i].Name} is defined and used, or defined twice, in one pattern";
                    return false;
                }
            }
        }

        error = "";
        return true;
    }

    private void Flush(StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            _parts.Add(new(PatternPartKind.Text, "", literal.ToString()));
            literal.Clear();
        }
    }

    internal static int NameLength(ReadOnlySpan<char> text)
    {
        int length = 0;
        while (length < text.Length && (char.IsAsciiLetter(text[length]) || text[length] == '_' || (length > 0 && char.IsAsciiDigit(text[length]))))
        {
            length++;
        }

        return length;
    }

    private static int ClosingParenthesis(ReadOnlySpan<char> text)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return -1;
    }
}
