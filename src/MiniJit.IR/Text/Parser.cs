// Reads CLIF (language reference, sections 1–5 and 7–9; test files, sections 1 and 2). Recursive descent without recursion:
// the grammar has no nesting. Whatever the input, the reader neither throws nor hangs, and its memory is bounded
// by the length of the text: entity numbers far beyond it are refused (P013) instead of sizing a table.
//
// After an error the reader goes on at the next line, or behind the closing brace, and reports what else is wrong. Results
// of a statement that could not be read are defined without a type, and whoever uses them stays silent, so that one
// mistake gives one message.
//
// Files: Parser.cs API, header, tokens and errors; Parser.Preamble.cs declarations; Parser.Body.cs blocks and
// statements; Parser.Operands.cs operands by instruction format; Parser.Constants.cs numbers and constants.
using System;
using System.Collections.Generic;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

/// <summary>
/// Reads functions and test files. An instance keeps its buffers and may read any number of texts, one after the other; used by
/// one thread at a time.
/// </summary>
public sealed partial class Parser
{
    private const int MaxDiagnostics = 100;                    // of one file; the rest is noise
    private const int MaxDescribed = 40;

    private SourceText _source = new("", "");
    private Lexer _lexer;
    private int _previousEnd;
    private DiagnosticBag _diagnostics = new();
    private CallConv _defaultCallConv;
    private Column<CommentEntry> _comments;
    private int _claimedComments;
    private bool _failed;                                      // something is wrong in the function being read

    /// <summary>Reads a file.</summary>
    /// <param name="text">Its contents.</param>
    /// <param name="path">The name that messages show.</param>
    /// <param name="defaultCallConv">
    /// The convention of signatures that name none; null for the rule of test files: the host's in a file with a <c>test run</c> line, otherwise <c>fast</c>.
    /// </param>
    /// <returns>The functions that could be read, and diagnostics for what could not.</returns>
    public static ParsedFile Parse(string text, string path = "<text>", CallConv? defaultCallConv = null) =>
        new Parser().Read(new SourceText(path, text), defaultCallConv);

    /// <summary>As <see cref="Parse"/>, with this instance's buffers.</summary>
    public ParsedFile Read(SourceText source, CallConv? defaultCallConv = null)
    {
        ParsedFile file = Open(source, defaultCallConv);
        Function function = new(default);
        while (ReadFunction(function))
        {
            if (!_failed)
            {
                file.FunctionList.Add(Snapshot(function));
                function = new(default);
            }
        }

        file.Diagnostics.Sort();
        return file;
    }

    /// <summary>
    /// Starts on a text and reads its header. <see cref="ReadFunction"/> then reads one function after the other into objects that the
    /// caller may use again.
    /// </summary>
    internal ParsedFile Open(SourceText source, CallConv? defaultCallConv = null)
    {
        ParsedFile file = new(source);
        _source = source;
        _diagnostics = file.Diagnostics;
        _lexer = new Lexer(source.Text);
        _comments.Clear();
        _claimedComments = 0;
        _valueLimit = Math.Min(MaxValueNumber, Math.Max(MinTableLimit, source.Text.Length));
        Advance();
        ReadHeader(file);
        foreach (ref readonly CommentEntry comment in _comments.Span)
        {
            file.Comments.Add(Locate(comment));
        }

        _defaultCallConv = defaultCallConv ?? (HasRunTest(file) ? CallConvs.HostDefault : CallConv.Fast);
        return file;
    }

    /// <summary>Reads the next function into <paramref name="function"/>, whose former contents are lost; false at the end of the text.</summary>
    internal bool ReadFunction(Function function)
    {
        _comments.Clear();
        _claimedComments = 0;
        _failed = false;
        if (!FindFunction())
        {
            return false;
        }

        function.Clear();
        BeginFunction(function);
        ParseFunction();
        return true;
    }

    /// <summary>Whether the function that was read last has an error.</summary>
    internal bool LastFunctionFailed => _failed;

    private static bool HasRunTest(ParsedFile file)
    {
        foreach (HeaderLine test in file.Tests)
        {
            if (test.Words.Count > 0 && test.Words[0] == "run")
            {
                return true;
            }
        }

        return false;
    }

    private ParsedFunction Snapshot(Function function)
    {
        SourceComment[] comments = new SourceComment[_claimedComments];
        for (int i = 0; i < comments.Length; i++)
        {
            comments[i] = Locate(_comments[i]);
        }

        return new(function, _source, _functionRange, _nameRange, comments, _instRanges.Span.ToArray(), _entityRanges.Span.ToArray());
    }

    private SourceComment Locate(in CommentEntry comment) =>
        new(comment.Entity, new(_source, comment.Range.Start, comment.Range.End - comment.Range.Start));

    // ---- header

    private void ReadHeader(ParsedFile file)
    {
        while (IsWord("test"))
        {
            file.TestLines.Add(ReadHeaderLine("test"));
        }

        while (IsWord("set") || IsWord("target"))
        {
            file.SettingLines.Add(ReadHeaderLine(IsWord("set") ? "set" : "target"));
        }

        while (IsWord("feature"))
        {
            Advance();
            bool forbidden = Take(TokenKind.Bang);
            if (Kind != TokenKind.String)
            {
                Expected("the name of a feature in quotes");
                return;
            }

            file.FeatureLines.Add(new(StringContents(), forbidden));
            Advance();
        }
    }

    private HeaderLine ReadHeaderLine(string keyword)
    {
        int start = _lexer.Start;
        ReadOnlySpan<char> rest = _lexer.TakeRestOfLine(out int restStart);
        List<string> words = [];
        foreach (Range range in rest.SplitAny(" \t\r\v\f"))
        {
            if (!rest[range].IsEmpty)
            {
                words.Add(rest[range].ToString());
            }
        }

        HeaderLine line = new(keyword, words, new(_source, start, restStart + rest.TrimEnd().Length - start));
        Advance();
        return line;
    }

    // The next function, reporting whatever stands before it.
    private bool FindFunction()
    {
        if (Kind == TokenKind.End || _diagnostics.Count > MaxDiagnostics)
        {
            return false;
        }

        if (!IsWord("function"))
        {
            Expected("'function'");
            do
            {
                Advance();
            }
            while (Kind != TokenKind.End && !(IsWord("function") && AtLineStart));
            _comments.Clear();
            _claimedComments = 0;
            _failed = false;
        }

        return Kind != TokenKind.End;
    }

    // ---- tokens

    private TokenKind Kind => _lexer.Kind;

    private bool AtLineStart => _lexer.Start == 0 || _source.Text.AsSpan(_previousEnd, _lexer.Start - _previousEnd).Contains('\n');

    private void Advance()
    {
        _previousEnd = _lexer.End;
        _lexer.Next();
        while (_lexer.Kind == TokenKind.Comment)
        {
            _comments.Add(new(default, new(_lexer.Start, _lexer.End)));
            _lexer.Next();
        }
    }

    private bool Take(TokenKind kind)
    {
        if (Kind != kind)
        {
            return false;
        }

        Advance();
        return true;
    }

    private bool Expect(TokenKind kind, string what) => Take(kind) || Expected(what);

    private bool IsWord(string word) => Kind == TokenKind.Identifier && _lexer.Text.SequenceEqual(word);

    private bool TakeWord(string word)
    {
        if (!IsWord(word))
        {
            return false;
        }

        Advance();
        return true;
    }

    private string StringContents() => _lexer.Text[1..^1].ToString();

    // ---- comments: they belong to the item that they follow or stand in

    /// <summary>An item begins; comments that nobody claimed are dropped.</summary>
    private void BeginItem() => _comments.Resize(_claimedComments);

    /// <summary>Gives the comments since <see cref="BeginItem"/> to the item, whose last token has been consumed.</summary>
    private void ClaimComments(EntityRef entity)
    {
        for (; _claimedComments < _comments.Count; _claimedComments++)
        {
            _comments[_claimedComments].Entity = entity;
        }
    }

    private struct CommentEntry(EntityRef entity, TextRange range)
    {
        public EntityRef Entity = entity;
        public TextRange Range = range;
    }

    // ---- errors; all return false

    private bool Expected(string what) => Kind switch
    {
        TokenKind.Invalid => Fail(ParseError.InvalidToken, $"invalid {(_lexer.End - _lexer.Start > 1 ? "token" : "character")}; expected {what}"),
        TokenKind.UnterminatedString => Fail(ParseError.InvalidToken, "the string has no end"),
        TokenKind.End => Fail(ParseError.Unexpected, $"expected {what}, found the end of the file"),
        _ => Fail(ParseError.Unexpected, $"expected {what}, found '{Described(_lexer.Text)}'"),
    };

    private static string Described(ReadOnlySpan<char> text)
    {
        int newline = text.IndexOfAny('\r', '\n');
        text = newline < 0 ? text : text[..newline];
        return text.Length <= MaxDescribed ? text.ToString() : string.Concat(text[..MaxDescribed], "…");
    }

    private bool Fail(string id, string message) => FailAt(_lexer.Start, _lexer.End, id, message);

    private bool FailAt(int start, int end, string id, string message)
    {
        _failed = true;
        if (_diagnostics.Count < MaxDiagnostics)
        {
            _diagnostics.Add(new(new(_source, start, end - start), id, message));
        }
        else if (_diagnostics.Count == MaxDiagnostics)
        {
            _diagnostics.Add(new(new(_source, start, end - start), ParseError.TooMany, "too many errors; the rest of the file is not reported"));
        }

        return false;
    }

    /// <summary>Goes to the next line or the closing brace, at least one token past the beginning of the item that failed.</summary>
    private void Recover(int itemStart)
    {
        if (_lexer.Start == itemStart && Kind != TokenKind.End)
        {
            Advance();
        }

        while (Kind is not (TokenKind.End or TokenKind.RightBrace) && !AtLineStart)
        {
            Advance();
        }
    }
}
