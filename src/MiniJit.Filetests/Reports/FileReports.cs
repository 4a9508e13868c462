// Reports for programs: JUnit's XML, JSON, and the annotations of GitHub's workflow log.
using System;
using System.Globalization;
using System.IO;
using System.Text.Json;
using System.Xml;
using MiniJit.Filetests.Running;
using MiniJit.Filetests.Subtests;

namespace MiniJit.Filetests.Reports;

internal static class FileReports
{
    /// <summary>One <c>testsuite</c>, a <c>testcase</c> per test with its file as class name.</summary>
    public static void WriteJUnit(string path, ResultBook book, TimeSpan elapsed)
    {
        using XmlWriter xml = XmlWriter.Create(path, new XmlWriterSettings { Indent = true });
        xml.WriteStartElement("testsuites");
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", "minijit");
        xml.WriteAttributeString("tests", Number(book.Passed + book.Failed + book.Skipped));
        xml.WriteAttributeString("failures", Number(book.Failed));
        xml.WriteAttributeString("skipped", Number(book.Skipped));
        xml.WriteAttributeString("time", elapsed.TotalSeconds.ToString("F3", CultureInfo.InvariantCulture));
        foreach (FileResults file in book.Files)
        {
            foreach (TestResult result in file.Results)
            {
                xml.WriteStartElement("testcase");
                xml.WriteAttributeString("classname", file.Path);
                xml.WriteAttributeString("name", result.Name);
                xml.WriteAttributeString("time", (result.Microseconds / 1e6).ToString("F6", CultureInfo.InvariantCulture));
                if (!result.Outcome.IsPassed)
                {
                    bool failed = result.Outcome.Kind == OutcomeKind.Failed;
                    xml.WriteStartElement(failed ? "failure" : "skipped");
                    xml.WriteAttributeString("message", Clean(FailureText.FirstLine(result.Outcome.Message)));
                    if (failed)
                    {
                        xml.WriteString(Clean($"{FailureText.Place(file.Path, result)}\n{result.Outcome.Message}\n{FailureText.RerunCommand(file, result)}"));
                    }

                    xml.WriteEndElement();
                }

                xml.WriteEndElement();
            }
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    /// <summary>Totals and an array of tests.</summary>
    public static void WriteJson(string path, ResultBook book, TimeSpan elapsed)
    {
        using FileStream stream = File.Create(path);
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("passed", book.Passed);
        json.WriteNumber("failed", book.Failed);
        json.WriteNumber("skipped", book.Skipped);
        json.WriteNumber("seconds", Math.Round(elapsed.TotalSeconds, 3));
        json.WriteStartArray("tests");
        foreach (FileResults file in book.Files)
        {
            foreach (TestResult result in file.Results)
            {
                json.WriteStartObject();
                json.WriteString("file", file.Path);
                json.WriteString("test", result.Subtest);
                json.WriteString("target", result.Target);
                json.WriteString("outcome", result.Outcome.Kind switch { OutcomeKind.Passed => "passed", OutcomeKind.Failed => "failed", _ => "skipped" });
                json.WriteNumber("seconds", result.Microseconds / 1e6);
                if (!result.Outcome.IsPassed)
                {
                    json.WriteNumber("line", result.Outcome.Line);
                    json.WriteString("message", result.Outcome.Message);
                }

                if (result.Outcome.Kind == OutcomeKind.Failed)
                {
                    json.WriteString("rerun", FailureText.RerunCommand(file, result));
                }

                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>An <c>::error</c> line per failure.</summary>
    public static void WriteGitHub(TextWriter output, ResultBook book)
    {
        foreach (FileResults file in book.Files)
        {
            foreach (TestResult result in file.Results)
            {
                if (result.Outcome.Kind == OutcomeKind.Failed)
                {
                    string line = result.Outcome.Line == 0 ? "" : $",line={Number(result.Outcome.Line)}";
                    output.Write($"::error file={Property(file.Path)}{line},title={Property(result.Name)}::{Data(result.Outcome.Message)}\n");
                }
            }
        }
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    // XML 1.0 has no place for most control characters.
    private static string Clean(string text)
    {
        foreach (char c in text)
        {
            if (!XmlConvert.IsXmlChar(c))
            {
                return string.Create(text.Length, text, (span, source) =>
                {
                    for (int i = 0; i < span.Length; i++)
                    {
                        span[i] = XmlConvert.IsXmlChar(source[i]) ? source[i] : '?';
                    }
                });
            }
        }

        return text;
    }

    private static string Data(string text) =>
        text.Replace("%", "%25", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) =>
        Data(text).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);
}
