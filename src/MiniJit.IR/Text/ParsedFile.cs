// What the reader makes of a file.
using System;
using System.Collections.Generic;

namespace MiniJit.IR;

/// <summary>A comment, from its semicolon to the end of the line, and what it belongs to (language reference, section 8).</summary>
/// <param name="Entity">The entity before it; none in the file's preamble.</param>
/// <param name="Span">Where it stands.</param>
public readonly record struct SourceComment(EntityRef Entity, SourceSpan Span)
{
    /// <summary>The comment with its semicolon.</summary>
    public ReadOnlySpan<char> Text => Span.Text;
}

/// <summary>A <c>test</c>, <c>set</c> or <c>target</c> line.</summary>
/// <param name="Keyword"><c>test</c>, <c>set</c> or <c>target</c>.</param>
/// <param name="Words">The rest of the line, split on white space.</param>
/// <param name="Span">From the keyword to the end of the line.</param>
public sealed record HeaderLine(string Keyword, IReadOnlyList<string> Words, SourceSpan Span);

/// <summary>A <c>feature</c> line.</summary>
/// <param name="Name">The feature.</param>
/// <param name="IsForbidden">Whether it was written with an exclamation mark.</param>
public readonly record struct FeatureLine(string Name, bool IsForbidden);

/// <summary>A file after reading.</summary>
public sealed class ParsedFile
{
    internal ParsedFile(SourceText source) => Source = source;

    internal List<HeaderLine> TestLines { get; } = [];

    internal List<HeaderLine> SettingLines { get; } = [];

    internal List<FeatureLine> FeatureLines { get; } = [];

    internal List<SourceComment> Comments { get; } = [];

    internal List<ParsedFunction> FunctionList { get; } = [];

    /// <summary>The text.</summary>
    public SourceText Source { get; }

    /// <summary>The <c>test</c> lines.</summary>
    public IReadOnlyList<HeaderLine> Tests => TestLines;

    /// <summary>The <c>set</c> and <c>target</c> lines in the order of the file.</summary>
    public IReadOnlyList<HeaderLine> Settings => SettingLines;

    /// <summary>The <c>feature</c> lines.</summary>
    public IReadOnlyList<FeatureLine> Features => FeatureLines;

    /// <summary>Comments before the first function.</summary>
    public IReadOnlyList<SourceComment> PreambleComments => Comments;

    /// <summary>The functions that could be read without an error.</summary>
    public IReadOnlyList<ParsedFunction> Functions => FunctionList;

    /// <summary>Everything that is wrong, in the order of the text.</summary>
    public DiagnosticBag Diagnostics { get; } = new();

    /// <summary>Whether anything is wrong.</summary>
    public bool HasErrors => !Diagnostics.IsEmpty;
}

/// <summary>A function and where its parts stand in the text.</summary>
public sealed class ParsedFunction
{
    private readonly SourceText _source;
    private readonly TextRange[] _insts;
    private readonly LocatedEntity[] _entities;

    internal ParsedFunction(Function function, SourceText source, TextRange whole, TextRange name, SourceComment[] comments, TextRange[] insts, LocatedEntity[] entities)
    {
        Function = function;
        _source = source;
        Span = Of(whole);
        NameSpan = Of(name);
        Comments = comments;
        _insts = insts;
        _entities = entities;
    }

    /// <summary>The function.</summary>
    public Function Function { get; }

    /// <summary>From <c>function</c> to the closing brace.</summary>
    public SourceSpan Span { get; }

    /// <summary>The function's name.</summary>
    public SourceSpan NameSpan { get; }

    /// <summary>The function's comments in the order of the text: those inside, then those behind it up to the next function.</summary>
    public IReadOnlyList<SourceComment> Comments { get; }

    /// <summary>Where an instruction, a block's header or a declaration stands; the name of the function if that is unknown.</summary>
    public SourceSpan SpanOf(EntityRef entity)
    {
        if (entity.Kind == EntityKind.Inst)
        {
            return entity.Index < _insts.Length ? Of(_insts[entity.Index]) : NameSpan;
        }

        foreach (LocatedEntity located in _entities)
        {
            if (located.Entity == entity)
            {
                return Of(located.Range);
            }
        }

        return NameSpan;
    }

    /// <summary>Where an entity is mentioned inside the text of another one: an operand of an instruction, say.</summary>
    public SourceSpan SpanOf(EntityRef owner, EntityRef mentioned)
    {
        SourceSpan span = SpanOf(owner);
        Lexer lexer = new(span.Text.ToString());
        string name = mentioned.ToString();
        do
        {
            lexer.Next();
            if (lexer.Text.SequenceEqual(name))
            {
                return span with { Start = span.Start + lexer.Start, Length = name.Length };
            }
        }
        while (lexer.Kind != TokenKind.End);
        return span;
    }

    private SourceSpan Of(TextRange range) => new(_source, range.Start, range.End - range.Start);
}

/// <summary>Offsets into a text.</summary>
internal readonly record struct TextRange(int Start, int End);

/// <summary>Where an entity is declared.</summary>
internal readonly record struct LocatedEntity(EntityRef Entity, TextRange Range);
