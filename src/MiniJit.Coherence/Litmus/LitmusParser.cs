// Reads tests in herd's format, the part that instruction-fetch tests use: header, options, initial state, a table of instructions with
// one column per thread (Pn.F is a fault handler), and the question. https://diy.inria.fr/doc/herd.html describes the format.
using System;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Backend.Arm64;
using MiniJit.IR;

namespace MiniJit.Coherence.Litmus;

internal sealed class LitmusParser
{
    private const string PageTables = "page tables are not modelled";

    private readonly DiagnosticBag _diagnostics;
    private readonly SourceText _source;
    private readonly string _text;                             // comments blanked out, so that positions stay
    private readonly LitmusTest _test = new();
    private readonly List<(int Thread, bool IsHandler)> _columns = [];
    private int _position;

    private LitmusParser(SourceText source, DiagnosticBag diagnostics)
    {
        _source = source;
        _text = BlankComments(source.Text);
        _diagnostics = diagnostics;
    }

    /// <summary>Reads a test.</summary>
    /// <returns>The test, or null if <paramref name="diagnostics"/> says what is wrong with it.</returns>
    public static LitmusTest? Parse(SourceText source, DiagnosticBag diagnostics)
    {
        LitmusParser parser = new(source, diagnostics);
        return parser.Run() && diagnostics.IsEmpty ? parser._test : null;
    }

    private bool Run()
    {
        int open = _text.IndexOf('{', StringComparison.Ordinal);
        int close = open < 0 ? -1 : _text.IndexOf('}', open);
        if (!ReadHeader(open) || close < 0)
        {
            return Report(0, 1, "expected 'AArch64 NAME', an initial state in braces and a table of instructions");
        }

        _position = close + 1;
        List<List<(int Start, int Length)>> rows = ReadRows(out int questionStart);
        if (rows.Count == 0)
        {
            return Report(_position, 1, "expected a table of instructions");
        }

        // Labels first: the initial state and the instructions mention them.
        return ReadColumns(rows[0]) && LayOut(rows, out List<(int Position, int Start, int Length, int Column)> code)
            && ReadState(open + 1, close) && Assemble(code) && ReadQuestion(questionStart);
    }

    private bool Report(int start, int length, string message)
    {
        _diagnostics.Add(new(new SourceSpan(_source, Math.Min(start, _source.Text.Length), length), "L001", message));
        return false;
    }

    private static string BlankComments(string text)
    {
        char[] blanked = text.ToCharArray();
        int depth = 0;
        for (int i = 0; i < blanked.Length; i++)
        {
            bool opens = i + 1 < text.Length && text[i] == '(' && text[i + 1] == '*';
            bool closes = depth > 0 && text[i] == ')' && text[i - 1] == '*';
            depth += opens ? 1 : 0;
            if (depth > 0 && text[i] != '\n')
            {
                blanked[i] = ' ';
            }

            depth -= closes ? 1 : 0;
        }

        return new string(blanked);
    }

    private bool ReadHeader(int end)
    {
        if (end < 0)
        {
            return false;
        }

        foreach (string line in _text[..end].Split('\n'))
        {
            string trimmed = line.Trim();
            if (trimmed.StartsWith("AArch64 ", StringComparison.Ordinal))
            {
                _test.Name = trimmed[8..].Trim();
            }
            else if (trimmed.StartsWith("CacheType=", StringComparison.Ordinal))
            {
                string[] words = trimmed[10..].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
                _test.DataCoherent = Array.IndexOf(words, "IDC") >= 0;
                _test.InstructionCoherent = Array.IndexOf(words, "DIC") >= 0;
            }
        }

        return _test.Name.Length != 0;
    }

    // ---- the table

    private List<List<(int Start, int Length)>> ReadRows(out int questionStart)
    {
        questionStart = FindQuestion();
        List<List<(int, int)>> rows = [];
        int start = _position;
        for (int i = start; i < questionStart; i++)
        {
            if (_text[i] != ';')
            {
                continue;
            }

            List<(int, int)> cells = [];
            int cell = start;
            for (int j = start; j <= i; j++)
            {
                if (_text[j] is '|' or ';')
                {
                    cells.Add(Trimmed(cell, j));
                    cell = j + 1;
                }
            }

            rows.Add(cells);
            start = i + 1;
        }

        return rows;
    }

    private int FindQuestion()
    {
        int first = _text.Length;
        foreach (string word in (ReadOnlySpan<string>)["exists", "forall", "~exists", "~ exists", "locations", "filter"])
        {
            for (int at = _text.IndexOf(word, _position, StringComparison.Ordinal); at >= 0; at = _text.IndexOf(word, at + 1, StringComparison.Ordinal))
            {
                if (at == 0 || char.IsWhiteSpace(_text[at - 1]) || _text[at - 1] == ';')
                {
                    first = Math.Min(first, at);
                    break;
                }
            }
        }

        return first;
    }

    private (int Start, int Length) Trimmed(int start, int end)
    {
        while (start < end && char.IsWhiteSpace(_text[start]))
        {
            start++;
        }

        while (end > start && char.IsWhiteSpace(_text[end - 1]))
        {
            end--;
        }

        return (start, end - start);
    }

    private bool ReadColumns(List<(int Start, int Length)> header)
    {
        foreach ((int start, int length) in header)
        {
            ReadOnlySpan<char> name = _text.AsSpan(start, length);
            bool isHandler = name.EndsWith(".F");
            ReadOnlySpan<char> digits = name.IsEmpty ? name : (isHandler ? name[..^2] : name)[1..];
            if (name.IsEmpty || name[0] != 'P' || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int thread))
            {
                return Report(start, Math.Max(length, 1), "expected a thread: P0, P1, … or P0.F for its fault handler");
            }

            _columns.Add((thread, isHandler));
        }

        return true;
    }

    /// <summary>Gives every instruction a position, threads first, then handlers, and every label its address.</summary>
    private bool LayOut(List<List<(int Start, int Length)>> rows, out List<(int Position, int Start, int Length, int Column)> code)
    {
        code = [];
        int threads = _columns.FindAll(static column => !column.IsHandler).Count;
        for (int i = 0; i < threads; i++)
        {
            _test.Threads.Add(default);
            _test.Handlers.Add(default);
        }

        for (int column = 0; column < _columns.Count; column++)
        {
            (int thread, bool isHandler) = _columns[column];
            if (thread >= threads)
            {
                return Report(rows[0][column].Start, rows[0][column].Length, "threads are numbered from 0");
            }

            int first = _test.Words.Count;
            for (int row = 1; row < rows.Count; row++)
            {
                if (column < rows[row].Count)
                {
                    AddCell(rows[row][column], column, code);
                }
            }

            LitmusRegion region = new(first, _test.Words.Count - first);
            _test.Words.Add(0);
            (isHandler ? _test.Handlers : _test.Threads)[thread] = region;
        }

        return true;
    }

    private void AddCell((int Start, int Length) cell, int column, List<(int Position, int Start, int Length, int Column)> code)
    {
        (int start, int length) = cell;
        while (true)
        {
            int colon = _text.IndexOf(':', start, length);
            if (colon < 0 || !IsName(_text.AsSpan(start, colon - start).TrimEnd()))
            {
                break;
            }

            string name = _text[start..colon].TrimEnd();
            _test.Labels.TryAdd($"P{_columns[column].Thread}:{name}", LitmusTest.AddressOf(_test.Words.Count));
            (start, length) = Trimmed(colon + 1, start + length);
        }

        if (length > 0)
        {
            code.Add((_test.Words.Count, start, length, column));
            _test.Words.Add(0);
        }
    }

    private static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || char.IsAsciiDigit(text[0]))
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return true;
    }

    private bool Assemble(List<(int Position, int Start, int Length, int Column)> code)
    {
        foreach ((int position, int start, int length, int column) in code)
        {
            int Find(string label) =>
                _test.Labels.TryGetValue($"P{_columns[column].Thread}:{label}", out ulong address) ? _test.PositionOf(address) : -1;

            if (!LitmusAssembler.TryParse(_text.Substring(start, length), position, Find, out A64Instruction instruction))
            {
                return Report(start, length, "expected an instruction of the fetch subset (loads, stores, barriers, DC, IC, branches, arithmetic)");
            }

            _test.Words[position] = Encode.Instruction(instruction);
        }

        return true;
    }

    // ---- the initial state

    private bool ReadState(int start, int end)
    {
        while (start < end)
        {
            int semicolon = _text.IndexOf(';', start, end - start);
            int stop = semicolon < 0 ? end : semicolon;
            (int from, int length) = Trimmed(start, stop);
            if (length > 0 && !ReadStatement(from, length))
            {
                return false;
            }

            start = stop + 1;
        }

        return true;
    }

    private bool ReadStatement(int start, int length)
    {
        string statement = _text.Substring(start, length);
        if (statement.Contains("PTE(", StringComparison.Ordinal) || statement.Contains("TTD(", StringComparison.Ordinal) || statement.Contains("PA(", StringComparison.Ordinal))
        {
            return Report(start, length, PageTables);
        }

        int equals = statement.IndexOf('=', StringComparison.Ordinal);
        string[] words = (equals < 0 ? statement : statement[..equals]).Split([' ', '\t', '\n', '\r', '*'], StringSplitOptions.RemoveEmptyEntries);
        string place = words.Length == 0 ? "" : words[^1].Trim('[', ']');
        ulong value = 0;
        if (equals >= 0 && !TryValue(statement[(equals + 1)..].Trim(), out value))
        {
            return Report(start, length, "expected a number, a variable, a label (P1:name) or instr:\"…\"");
        }

        if (TryRegisterPlace(place, out int thread, out int register))
        {
            if (thread >= _test.Threads.Count)
            {
                return Report(start, length, $"there is no thread {thread}");
            }

            _test.Registers.Add(new(thread, register, value));
            return true;
        }

        if (!IsName(place))
        {
            return Report(start, length, "expected a register (0:X1) or a variable");
        }

        int index = Variable(place);
        _test.Variables[index] = _test.Variables[index] with { Value = value };
        return true;
    }

    private static bool TryRegisterPlace(string text, out int thread, out int register)
    {
        thread = register = -1;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out thread)
            && text.Length > colon + 2 && text[colon + 1] is 'X' or 'W' or 'x' or 'w'
            && int.TryParse(text.AsSpan(colon + 2), NumberStyles.None, CultureInfo.InvariantCulture, out register) && register < 31;
    }

    /// <summary>The index of a variable, which begins to exist when it is first mentioned.</summary>
    private int Variable(string name)
    {
        int index = _test.Variables.FindIndex(variable => variable.Name == name);
        if (index < 0)
        {
            index = _test.Variables.Count;
            _test.Variables.Add(new(name, LitmusTest.DataBase + ((ulong)index * LitmusTest.DataStep), 0));
        }

        return index;
    }

    private bool TryValue(string text, out ulong value)
    {
        value = 0;
        bool isHexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (isHexadecimal ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value))
        {
            return true;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long negative))
        {
            value = (ulong)negative;
            return true;
        }

        bool isInstruction = text.StartsWith("instr:", StringComparison.Ordinal);
        if (isInstruction || text.Equals("NOP", StringComparison.OrdinalIgnoreCase))
        {
            string assembly = isInstruction ? text[6..].Trim('"') : text;
            bool known = LitmusAssembler.TryParse(assembly, 0, static _ => -1, out A64Instruction instruction);
            value = known ? Encode.Instruction(instruction) : 0;
            return known;
        }

        string label = (text.StartsWith("label:", StringComparison.Ordinal) ? text[6..] : text).Trim('"');
        if (label.Contains(':', StringComparison.Ordinal))
        {
            return _test.Labels.TryGetValue(label, out value);
        }

        if (!IsName(label))
        {
            return false;
        }

        value = _test.Variables[Variable(label)].Address;
        return true;
    }

    // ---- the question

    private bool ReadQuestion(int start)
    {
        _position = start;
        while (TryWord("locations"))
        {
            int open = _text.IndexOf('[', _position), close = open < 0 ? -1 : _text.IndexOf(']', open);
            if (close < 0)
            {
                return Report(_position, 1, "expected places in brackets");
            }

            foreach (string place in _text[(open + 1)..close].Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                _ = Place(place);
            }

            _position = close + 1;
            _ = TryWord(";");
        }

        SkipBlanks();
        if (_position == _text.Length && _test.Places.Count > 0)
        {
            // Only asked to show the final states.
            _test.Quantifier = LitmusQuantifier.ForAll;
            _test.ConditionText = "(true)";
            _test.Condition = new(LitmusOperator.True, 0, 0, null, null);
            return true;
        }

        bool isNegated = TryWord("~");
        if (TryWord("exists"))
        {
            _test.Quantifier = isNegated ? LitmusQuantifier.NotExists : LitmusQuantifier.Exists;
        }
        else if (TryWord("forall"))
        {
            _test.Quantifier = LitmusQuantifier.ForAll;
        }
        else
        {
            return Report(_position, 1, "expected 'exists', '~exists' or 'forall'");
        }

        (int from, int length) = Trimmed(_position, _text.Length);
        _test.ConditionText = string.Join(' ', _text.Substring(from, length).Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries));
        return ReadOr() is LitmusCondition condition && AcceptEnd(condition);
    }

    private bool AcceptEnd(LitmusCondition condition)
    {
        SkipBlanks();
        _test.Condition = condition;
        return _position == _text.Length || Report(_position, 1, "expected the end of the condition");
    }

    private LitmusCondition? ReadOr()
    {
        LitmusCondition? left = ReadAnd();
        while (left is not null && TryWord("\\/"))
        {
            left = ReadAnd() is LitmusCondition right ? new(LitmusOperator.Or, 0, 0, left, right) : null;
        }

        return left;
    }

    private LitmusCondition? ReadAnd()
    {
        LitmusCondition? left = ReadAtom();
        while (left is not null && TryWord("/\\"))
        {
            left = ReadAtom() is LitmusCondition right ? new(LitmusOperator.And, 0, 0, left, right) : null;
        }

        return left;
    }

    private LitmusCondition? ReadAtom()
    {
        if (TryWord("~") || TryWord("not"))
        {
            return ReadAtom() is LitmusCondition operand ? new(LitmusOperator.Not, 0, 0, operand, null) : null;
        }

        if (TryWord("("))
        {
            LitmusCondition? inner = ReadOr();
            if (inner is not null && !TryWord(")"))
            {
                Report(_position, 1, "expected ')'");
                return null;
            }

            return inner;
        }

        SkipBlanks();
        if (string.Compare(_text, _position, "fault", 0, 5, StringComparison.OrdinalIgnoreCase) == 0)
        {
            return ReadFault();
        }

        int start = _position;
        while (_position < _text.Length && _text[_position] is not ('/' or '\\' or ')') && !(char.IsWhiteSpace(_text[_position]) && IsAtomOver(start)))
        {
            _position += _text[_position] == '"' ? Math.Max(1, _text.IndexOf('"', _position + 1) - _position + 1) : 1;
        }

        string atom = _text[start.._position].Trim();
        int equals = atom.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !TryValue(atom[(equals + 1)..].Trim(), out ulong value) || Place(atom[..equals].Trim()) is not (>= 0 and int place))
        {
            Report(start, Math.Max(atom.Length, 1), "expected PLACE=VALUE");
            return null;
        }

        return new(LitmusOperator.Equals, place, value, null, null);
    }

    // fault(P0), fault(P0:label), fault(P0:label,UndefinedInstruction)
    private LitmusCondition? ReadFault()
    {
        int start = _position, open = _text.IndexOf('(', start), close = open < 0 ? -1 : _text.IndexOf(')', open);
        string[] words = close < 0 ? [] : _text[(open + 1)..close].Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        string name = words.Length == 0 ? "" : words[0];
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        ReadOnlySpan<char> thread = colon < 0 ? name : name.AsSpan(0, colon);
        ulong address = 0;
        if (close < 0 || _text.AsSpan(start, close - start).Contains("MMU", StringComparison.Ordinal))
        {
            Report(start, Math.Max(close - start + 1, 1), close < 0 ? "expected fault(P0:label)" : PageTables);
            return null;
        }

        if (!thread.StartsWith("P") || !int.TryParse(thread[1..], NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number >= _test.Threads.Count
            || (colon >= 0 && !_test.Labels.TryGetValue(name, out address)))
        {
            Report(start, close - start + 1, "expected a thread and a label of it: fault(P0:label)");
            return null;
        }

        _position = close + 1;
        LitmusCondition equal = new(LitmusOperator.Equals, AddPlace(new(number, LitmusPlace.Fault, "", 0)), address, null, null);
        return colon >= 0 ? equal : new(LitmusOperator.Not, 0, 0, equal, null);
    }

    // Blanks may stand around '='.
    private bool IsAtomOver(int start)
    {
        ReadOnlySpan<char> before = _text.AsSpan(start, _position - start).TrimEnd();
        ReadOnlySpan<char> after = _text.AsSpan(_position).TrimStart();
        return before.Contains('=') && !before.EndsWith("=") && !after.StartsWith("=");
    }

    private int Place(string text)
    {
        LitmusPlace place;
        if (TryRegisterPlace(text, out int thread, out int register) && thread < _test.Threads.Count)
        {
            place = new(thread, register, "", 0);
        }
        else
        {
            string name = text.Trim('[', ']', '*');
            if (!IsName(name))
            {
                return -1;
            }

            place = new(-1, 0, name, _test.Variables[Variable(name)].Address);
        }

        return AddPlace(place);
    }

    private int AddPlace(LitmusPlace place)
    {
        int index = _test.Places.IndexOf(place);
        if (index < 0)
        {
            index = _test.Places.Count;
            _test.Places.Add(place);
        }

        return index;
    }

    private bool TryWord(string word)
    {
        SkipBlanks();
        if (string.CompareOrdinal(_text, _position, word, 0, word.Length) != 0)
        {
            return false;
        }

        _position += word.Length;
        return true;
    }

    private void SkipBlanks()
    {
        while (_position < _text.Length && char.IsWhiteSpace(_text[_position]))
        {
            _position++;
        }
    }
}
