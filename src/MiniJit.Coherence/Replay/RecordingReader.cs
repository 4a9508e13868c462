// Reads recordings. The format is one statement per line; # begins a comment line. Everything that is wrong is reported with its place.
using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using MiniJit.Coherence.Choices;
using MiniJit.IR;

namespace MiniJit.Coherence.Replay;

internal sealed class RecordingReader
{
    private static readonly SearchValues<char> s_hexDigits = SearchValues.Create("0123456789abcdef");

    private readonly SourceText _source;
    private readonly DiagnosticBag _diagnostics;
    private readonly List<RecordedSetting> _settings = [];
    private readonly List<RecordedFile> _files = [];
    private readonly List<RecordedChoice> _choices = [];
    private readonly HashSet<string> _once = [];
    private string _product = "", _experiment = "", _subject = "", _symptom = "", _detail = "";
    private int _line, _at, _end, _announced = -1;

    private RecordingReader(SourceText source, DiagnosticBag diagnostics)
    {
        _source = source;
        _diagnostics = diagnostics;
    }

    /// <summary>The recording, or null and what is wrong with it.</summary>
    public static Recording? Read(SourceText source, DiagnosticBag diagnostics) => new RecordingReader(source, diagnostics).Read();

    /// <summary>Reports files that are no longer what they were.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="contentOf">The content of a file; null if there is none.</param>
    /// <param name="diagnostics">Where to report.</param>
    public static void CheckFiles(Recording recording, Func<string, byte[]?> contentOf, DiagnosticBag diagnostics)
    {
        foreach (RecordedFile file in recording.Files)
        {
            byte[]? content = contentOf(file.Path);
            if (content is null)
            {
                diagnostics.Add(new(file.Span, "L108", $"'{file.Path}' cannot be read"));
            }
            else if (Recording.HashOf(content) != file.Hash)
            {
                diagnostics.Add(new(file.Span, "L109", $"'{file.Path}' has changed since this was recorded"));
            }
        }
    }

    private Recording? Read()
    {
        int before = _diagnostics.Count;
        int length = _source.Text.Length;
        for (_line = 0; _line < length;)
        {
            int next = _source.Text.IndexOf('\n', _line);
            next = next < 0 ? length : next;
            _at = _line;
            _end = next > _line && _source.Text[next - 1] == '\r' ? next - 1 : next;
            bool isFirst = _line == 0;
            if (isFirst ? !ReadMagic() : !ReadStatement())
            {
                break;
            }

            _line = next + 1;
        }

        if (length == 0)
        {
            Report(0, 0, "L101", $"this is no recording: the first line is '{Recording.Magic} {Recording.FormatVersion}'");
        }

        if (_diagnostics.Count == before)
        {
            CheckWhole();
        }

        return _diagnostics.Count > before
            ? null
            : new()
            {
                Product = _product,
                Experiment = _experiment,
                Settings = _settings,
                Files = _files,
                Failure = new(_subject, _symptom, _detail),
                Choices = _choices,
            };
    }

    private bool ReadMagic()
    {
        (int start, string word) = Word();
        if (word != Recording.Magic)
        {
            Report(start, word.Length, "L101", $"this is no recording: the first line is '{Recording.Magic} {Recording.FormatVersion}'");
            return false;
        }

        (start, string version) = Word();
        if (version != Recording.FormatVersion.ToString(CultureInfo.InvariantCulture))
        {
            Report(start, version.Length, "L102", $"this recording is of format '{version}', and this program replays format {Recording.FormatVersion}: record the failure again");
            return false;
        }

        ExpectEnd();
        return true;
    }

    // False if nothing behind it can be made sense of.
    private bool ReadStatement()
    {
        (int start, string word) = Word();
        if (word is "product" or "experiment" or "fails" or "symptom" or "detail" or "end")
        {
            Once(word, start, word.Length);
        }

        switch (word)
        {
            case "":
            case string when word[0] == '#':
                return true;
            case "product":
                _product = Rest();
                return true;
            case "experiment":
                _experiment = Rest();
                return true;
            case "set":
                (int nameStart, string name) = Word();
                if (name.Length == 0)
                {
                    Report(nameStart, 0, "L104", "expected the name of a setting");
                }

                Once($"set {name}", nameStart, name.Length);
                _settings.Add(new(name, Rest(), new(_source, nameStart, name.Length)));
                return true;
            case "file":
                ReadFile();
                return true;
            case "fails":
                _subject = Rest();
                return true;
            case "symptom":
                _symptom = Rest();
                return true;
            case "detail":
                _detail = Rest();
                return true;
            case "choice":
                ReadChoice();
                return true;
            case "end":
                _announced = Number("the number of choices", 0);
                ExpectEnd();
                return true;
            default:
                Report(start, word.Length, "L103", $"'{word}' is no statement of a recording");
                return true;
        }
    }

    private void ReadFile()
    {
        (int start, string hash) = Word();
        if (hash.Length != 64 || hash.AsSpan().ContainsAnyExcept(s_hexDigits))
        {
            Report(start, hash.Length, "L104", "expected a SHA-256 hash: 64 hexadecimal digits in lower case");
        }

        SkipBlanks();
        int path = _at;
        string text = Rest();
        if (text.Length == 0)
        {
            Report(path, 0, "L104", "expected a path");
        }

        _files.Add(new(text, hash, new(_source, path, text.Length)));
    }

    private void ReadChoice()
    {
        (int start, string name) = Word();
        if (!Enum.TryParse(name, out ChoiceKind kind) || !Enum.IsDefined(kind) || !char.IsAsciiLetter(name[0]))
        {
            Report(start, name.Length, "L105", $"'{name}' is no kind of choice: {string.Join(", ", Enum.GetNames<ChoiceKind>())}");
            return;
        }

        Keyword("core");
        int core = Number("the number of a core, or -1", -1);
        Keyword("at");
        int position = Number("a position", 0);
        Keyword("takes");
        int value = Number("what was chosen, 1 or more", 1);
        ExpectEnd();
        Once($"choice {kind} core {core} at {position}", start, name.Length);
        _choices.Add(new(kind, core, position, value));
    }

    private void CheckWhole()
    {
        string missing = _experiment.Length == 0 ? "experiment" : _subject.Length == 0 ? "fails" : _symptom.Length == 0 ? "symptom" : _announced < 0 ? "end" : "";
        if (missing.Length != 0)
        {
            Report(_source.Text.Length, 0, "L106", $"the recording has no line '{missing}'");
        }
        else if (_announced != _choices.Count)
        {
            Report(_source.Text.Length, 0, "L107", $"the recording has {_choices.Count} choices and should have {_announced}");
        }
    }

    // What a second statement of its kind would quietly take the place of.
    private void Once(string statement, int start, int length)
    {
        if (!_once.Add(statement))
        {
            Report(start, length, "L111", $"'{statement}' is there twice");
        }
    }

    private void Keyword(string expected)
    {
        (int start, string word) = Word();
        if (word != expected)
        {
            Report(start, word.Length, "L104", $"expected '{expected}'");
        }
    }

    private int Number(string what, int least)
    {
        (int start, string word) = Word();
        if (!int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) || number < least)
        {
            Report(start, word.Length, "L104", $"expected {what}");
            return least;
        }

        return number;
    }

    private (int Start, string Word) Word()
    {
        SkipBlanks();
        int start = _at;
        while (_at < _end && _source.Text[_at] != ' ')
        {
            _at++;
        }

        return (start, _source.Text[start.._at]);
    }

    private string Rest()
    {
        SkipBlanks();
        string rest = _source.Text[_at.._end].TrimEnd();
        _at = _end;
        return rest;
    }

    private void ExpectEnd()
    {
        SkipBlanks();
        if (_at < _end)
        {
            Report(_at, _end - _at, "L104", "expected the end of the line");
        }
    }

    private void SkipBlanks()
    {
        while (_at < _end && _source.Text[_at] == ' ')
        {
            _at++;
        }
    }

    private void Report(int start, int length, string id, string message) => _diagnostics.Add(new(new(_source, start, length), id, message));
}
