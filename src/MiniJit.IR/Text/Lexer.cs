// Words, numbers and punctuation of CLIF (language reference, section 1). The lexer holds one token, the current one, and
// its position is always right behind it, so that the line-oriented header can take the rest of a line. It never fails:
// what is no token comes out as Invalid. One pass, no allocation, no line counting.
using System;
using System.Runtime.CompilerServices;

namespace MiniJit.IR;

internal enum TokenKind : byte
{
    End, Invalid, UnterminatedString, Comment,
    LeftParen, RightParen, LeftBrace, RightBrace, LeftBracket, RightBracket, Less, Greater,
    Comma, Dot, Colon, Equal, Bang, Star, At, Plus, Minus, Arrow,
    Name, String, HexSequence, SourceLoc, Integer, Float, Type, Cold, Identifier,

    // Entities: Number is the number behind the head.
    Value, Block, StackSlot, DynamicStackSlot, DynamicType, GlobalValue, Constant, FuncRef, SigRef, UserNamespace,
    UserExtName, ExTable, Tag, Region, Ret, Exn, MemoryType,
}

internal struct Lexer
{
    private const byte WordBit = 0x80;                         // may continue a word: letters, digits, underscore
    private const byte HexBit = 0x40;

    private static readonly byte[] s_classes = MakeClasses();

    private readonly string _text;
    private int _position;

    public Lexer(string text)
        : this()
    {
        _text = text;
    }

    /// <summary>What a token can begin with; single-character tokens have their own kind added to <see cref="Punctuation"/>.</summary>
    private enum CharClass : byte
    {
        Invalid, Space, Letter, Digit, Sign, Percent, Quote, Hash, At, Semicolon,
        Punctuation,
    }

    public TokenKind Kind { get; private set; }

    /// <summary>Offset of the token.</summary>
    public int Start { get; private set; }

    /// <summary>Offset behind the token.</summary>
    public int End { get; private set; }

    /// <summary>Number of an entity, raw form of a type, value of a source location.</summary>
    public uint Number { get; private set; }

    public readonly ReadOnlySpan<char> Text => _text.AsSpan(Start, End - Start);

    /// <summary>Moves to the next token, which may be a comment.</summary>
    public void Next()
    {
        string text = _text;
        int i = _position;
        while ((uint)i < (uint)text.Length && (text[i] == ' ' || (uint)(text[i] - '\t') <= '\r' - '\t'))
        {
            i++;
        }

        Start = i;
        if ((uint)i >= (uint)text.Length)
        {
            Finish(TokenKind.End, i);
            return;
        }

        char c = text[i];
        CharClass kind = c < 128 ? (CharClass)(s_classes[c] & ~(WordBit | HexBit)) : CharClass.Invalid;
        switch (kind)
        {
            case CharClass.Letter:
                Word(c);
                break;
            case CharClass.Digit:
                NumberFrom(i);
                break;
            case CharClass.Sign:
                SignOrNumber();
                break;
            case CharClass.Percent:
                Finish(TokenKind.Name, SkipWord(i + 1));
                break;
            case CharClass.Quote:
                StringLiteral();
                break;
            case CharClass.Hash:
                Finish(TokenKind.HexSequence, SkipHex(i + 1));
                break;
            case CharClass.At:
                SourceLocation();
                break;
            case CharClass.Semicolon:
                int newline = text.AsSpan(i).IndexOf('\n');
                int end = newline < 0 ? text.Length : i + newline;
                Finish(TokenKind.Comment, end > i && text[end - 1] == '\r' ? end - 1 : end);
                break;
            case >= CharClass.Punctuation:
                Finish((TokenKind)(kind - CharClass.Punctuation), i + 1);
                break;
            default:
                Finish(TokenKind.Invalid, i + (char.IsHighSurrogate(c) && i + 1 < text.Length ? 2 : 1));
                break;
        }
    }

    /// <summary>What stands between the current token and the end of its line; the next token is the one behind it.</summary>
    public ReadOnlySpan<char> TakeRestOfLine(out int start)
    {
        start = _position;
        ReadOnlySpan<char> rest = _text.AsSpan(start);
        int newline = rest.IndexOf('\n');
        rest = newline < 0 ? rest : rest[..newline];
        _position = start + rest.Length;
        return rest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(TokenKind kind, int end)
    {
        Kind = kind;
        End = end;
        _position = end;
    }

    private readonly int SkipWord(int i)
    {
        string text = _text;
        while ((uint)i < (uint)text.Length && text[i] < 128 && (s_classes[text[i]] & WordBit) != 0)
        {
            i++;
        }

        return i;
    }

    private readonly int SkipHex(int i)
    {
        string text = _text;
        while ((uint)i < (uint)text.Length && text[i] < 128 && (s_classes[text[i]] & HexBit) != 0)
        {
            i++;
        }

        return i;
    }

    private void Word(char first)
    {
        string text = _text;
        int start = Start;
        if (first is 'N' or 'I' && StartsNonFinite(start))
        {
            NumberFrom(start);
            return;
        }

        // The commonest token: v and a number.
        int i = start + 1;
        if (first == 'v')
        {
            uint number = 0;
            while ((uint)i < (uint)text.Length && (uint)(text[i] - '0') <= 9 && i - start < 10)
            {
                number = (number * 10) + (uint)(text[i] - '0');
                i++;
            }

            bool ends = (uint)i >= (uint)text.Length || text[i] >= 128 || (s_classes[text[i]] & WordBit) == 0;
            if (ends && i > start + 1 && (text[start + 1] != '0' || i == start + 2) && number < int.MaxValue)
            {
                Number = number;
                Finish(TokenKind.Value, i);
                return;
            }
        }

        int end = SkipWord(i);
        int head = end;
        while (head > start && (uint)(text[head - 1] - '0') <= 9)
        {
            head--;
        }

        TokenKind kind = TokenKind.Identifier;
        if (head < end)
        {
            kind = EntityKind(text.AsSpan(start, head - start));
            if (kind != TokenKind.Identifier && !TryEntityNumber(kind, text.AsSpan(head, end - head)))
            {
                kind = TokenKind.Identifier;
            }

            if (kind == TokenKind.Identifier && first is 'i' or 'f' && IrType.TryParse(text.AsSpan(start, end - start), out IrType type))
            {
                Number = type.Raw;
                kind = TokenKind.Type;
            }
        }
        else if (first == 'c' && text.AsSpan(start, end - start) is "cold")
        {
            kind = TokenKind.Cold;
        }

        Finish(kind, end);
    }

    private static TokenKind EntityKind(ReadOnlySpan<char> head) => head switch
    {
        "v" => TokenKind.Value,
        "block" => TokenKind.Block,
        "ss" => TokenKind.StackSlot,
        "dss" => TokenKind.DynamicStackSlot,
        "dt" => TokenKind.DynamicType,
        "gv" => TokenKind.GlobalValue,
        "const" => TokenKind.Constant,
        "fn" => TokenKind.FuncRef,
        "sig" => TokenKind.SigRef,
        "u" => TokenKind.UserNamespace,
        "userextname" => TokenKind.UserExtName,
        "extable" => TokenKind.ExTable,
        "tag" => TokenKind.Tag,
        "region" => TokenKind.Region,
        "ret" => TokenKind.Ret,
        "exn" => TokenKind.Exn,
        "mt" => TokenKind.MemoryType,
        _ => TokenKind.Identifier,
    };

    private bool TryEntityNumber(TokenKind kind, ReadOnlySpan<char> digits)
    {
        const int MostDigits = 10;
        if (digits.Length > MostDigits || (digits[0] == '0' && digits.Length > 1))
        {
            return false;
        }

        ulong number = 0;
        foreach (char digit in digits)
        {
            number = (number * 10) + (uint)(digit - '0');
        }

        Number = (uint)number;
        return number < kind switch
        {
            TokenKind.Value => int.MaxValue,
            TokenKind.Block => uint.MaxValue,
            _ => 1ul << 32,
        };
    }

    private readonly bool StartsNonFinite(int i)
    {
        ReadOnlySpan<char> rest = _text.AsSpan(i);
        return rest.StartsWith("NaN") || rest.StartsWith("Inf");
    }

    private void SignOrNumber()
    {
        int i = Start;
        char next = i + 1 < _text.Length ? _text[i + 1] : '\0';
        if (_text[i] == '-' && next == '>')
        {
            Finish(TokenKind.Arrow, i + 2);
        }
        else if (char.IsAsciiDigit(next) || next is '+' or '-' or '.' || StartsNonFinite(i + 1) || _text.AsSpan(i + 1).StartsWith("sNaN"))
        {
            NumberFrom(i + 1);
        }
        else
        {
            Finish(_text[i] == '-' ? TokenKind.Minus : TokenKind.Plus, i + 1);
        }
    }

    // Scans a number; the sign, if any, stands before `i`. What it means is the business of whoever asked for a number.
    private void NumberFrom(int i)
    {
        string text = _text;
        TokenKind kind = TokenKind.Integer;
        if (!char.IsAsciiDigit(text[i]))
        {
            ReadOnlySpan<char> rest = text.AsSpan(i);
            if (rest.StartsWith("NaN:") || rest.StartsWith("sNaN:"))
            {
                i += rest.IndexOf(':') + 1;
                kind = TokenKind.Float;
            }
            else if (StartsNonFinite(i))
            {
                kind = TokenKind.Float;
            }
        }

        i = Math.Min(i + 1, text.Length);                      // the first character is taken whatever it is
        while ((uint)i < (uint)text.Length)
        {
            char c = text[i];
            if (c == '.')
            {
                kind = TokenKind.Float;
            }
            else if (c != '-' && (c >= 128 || (s_classes[c] & WordBit) == 0))
            {
                break;
            }

            i++;
        }

        Finish(kind, i);
    }

    private void StringLiteral()
    {
        int close = _text.AsSpan(Start + 1).IndexOf('"');
        Finish(close < 0 ? TokenKind.UnterminatedString : TokenKind.String, close < 0 ? Start + 1 : Start + close + 2);
    }

    private void SourceLocation()
    {
        const int MostBits = 32;
        int i = Start + 1;
        int end = SkipHex(i);
        ulong value = 0;
        for (; i < end && value >> MostBits == 0; i++)
        {
            char c = _text[i];
            value = (value << 4) | (uint)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }

        Number = (uint)value;
        Finish(end == Start + 1 ? TokenKind.At : value >> MostBits == 0 ? TokenKind.SourceLoc : TokenKind.Invalid, end);
    }

    private static byte[] MakeClasses()
    {
        byte[] classes = new byte[128];
        Set("\t\n\v\f\r ", CharClass.Space);
        Set("%", CharClass.Percent);
        Set("\"", CharClass.Quote);
        Set("#", CharClass.Hash);
        Set("@", CharClass.At);
        Set(";", CharClass.Semicolon);
        Set("+-", CharClass.Sign);
        ReadOnlySpan<char> punctuation = "(){}[]<>,.:=!*";
        for (int i = 0; i < punctuation.Length; i++)
        {
            classes[punctuation[i]] = (byte)((int)CharClass.Punctuation + (int)TokenKind.LeftParen + i);
        }

        for (char c = (char)0; c < classes.Length; c++)
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                classes[c] = (byte)(WordBit | (char.IsAsciiHexDigit(c) ? HexBit : 0) | (byte)(char.IsAsciiDigit(c) ? CharClass.Digit : CharClass.Letter));
            }
        }

        classes['_'] = WordBit;                                // continues a word but cannot begin one
        return classes;

        void Set(string chars, CharClass kind)
        {
            foreach (char c in chars)
            {
                classes[c] = (byte)kind;
            }
        }
    }
}
