// The plot of the experiment as a drawing that needs nothing else: one group of bars per plan, one bar per setting, whiskers for the intervals.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace MiniJit.Filetests.Lab;

internal static class Pr4997Plot
{
    private const int Left = 150, Width = 480, BarHeight = 16, BarGap = 4, GroupGap = 34, Top = 48, Right = 70;

    // Distinct in print and for the colour-blind (Okabe and Ito, 2008).
    private static readonly string[] s_colours = ["#56b4e9", "#e69f00", "#d55e00", "#0072b2"];

    public static string Draw(IReadOnlyList<(Pr4997Plan Plan, Pr4997Setting Setting, Pr4997Cell Cell)> cells)
    {
        int groups = Pr4997.Plans.Count, bars = Pr4997.Settings.Count;
        int groupHeight = (bars * (BarHeight + BarGap)) + GroupGap, height = Top + (groups * groupHeight) + 24;
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Left + Width + Right} {height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n");
        text.Append("<title>Crash probability by publication plan</title>\n");
        text.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Left + Width + Right}\" height=\"{height}\" fill=\"#ffffff\"/>\n");
        text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"20\" font-size=\"15\" font-weight=\"bold\">Probability that a run crashes or goes wrong</text>\n");
        for (int percent = 0; percent <= 100; percent += 25)
        {
            double x = Left + (Width * percent / 100.0);
            text.Append(CultureInfo.InvariantCulture, $"<line x1=\"{x:f1}\" y1=\"{Top - 8}\" x2=\"{x:f1}\" y2=\"{height - 24}\" stroke=\"#dddddd\"/>");
            text.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:f1}\" y=\"{height - 8}\" text-anchor=\"middle\" fill=\"#555555\">{percent} %</text>\n");
        }

        for (int i = 0; i < cells.Count; i++)
        {
            (Pr4997Plan plan, Pr4997Setting setting, Pr4997Cell cell) = cells[i];
            int y = Top + (i / bars * groupHeight) + 12 + (i % bars * (BarHeight + BarGap));
            if (i % bars == 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"{y - 4}\" font-weight=\"bold\">{plan.Text}</text>\n");
            }

            Bar(text, setting, cell.Failed, y + 4, s_colours[i % bars]);
        }

        return text.Append("</svg>\n").ToString();
    }

    private static void Bar(StringBuilder text, Pr4997Setting setting, Proportion failed, int y, string colour)
    {
        double low = Left + (Width * failed.Low), high = Left + (Width * failed.High), length = Math.Max(1, Width * failed.Estimate), middle = y + (BarHeight / 2.0);
        text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{y + 12}\" text-anchor=\"end\">{setting.Name}</text>");
        text.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left}\" y=\"{y}\" width=\"{length:f1}\" height=\"{BarHeight}\" fill=\"{colour}\"/>");
        text.Append(CultureInfo.InvariantCulture, $"<path d=\"M{low:f1} {middle - 4:f1}v8M{low:f1} {middle:f1}H{high:f1}M{high:f1} {middle - 4:f1}v8\" stroke=\"#000000\" fill=\"none\"/>");
        text.Append(CultureInfo.InvariantCulture, $"<text x=\"{Math.Max(high, Left + length) + 6:f1}\" y=\"{y + 12}\">{100 * failed.Estimate:0.##} %</text>\n");
    }
}
