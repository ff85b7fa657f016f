//! Draws one plot: curves over two logarithmic axes, once for white pages and once for dark ones.

use super::figures::tick;
use super::root;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    ChartBuilder, Circle, Color, IntoDrawingArea, IntoFont, IntoLogRange, LineSeries, PathElement,
    RGBColor, SVGBackend, SeriesLabelPosition, TRANSPARENT,
};
use std::fs;
use std::io;
use std::ops::Range;

const SIZE: (u32, u32) = (760, 430);

struct Theme {
    name: &'static str,
    background: RGBColor,
    text: RGBColor,
    grid: RGBColor,
    colours: [RGBColor; 6],
}

const THEMES: [Theme; 2] = [
    Theme {
        name: "light",
        background: RGBColor(255, 255, 255),
        text: RGBColor(31, 35, 40),
        grid: RGBColor(216, 222, 228),
        colours: [
            RGBColor(9, 105, 218),
            RGBColor(207, 34, 46),
            RGBColor(26, 127, 55),
            RGBColor(154, 103, 0),
            RGBColor(130, 80, 223),
            RGBColor(87, 96, 106),
        ],
    },
    Theme {
        name: "dark",
        background: RGBColor(13, 17, 23),
        text: RGBColor(230, 237, 243),
        grid: RGBColor(48, 54, 61),
        colours: [
            RGBColor(88, 166, 255),
            RGBColor(255, 123, 114),
            RGBColor(63, 185, 80),
            RGBColor(210, 153, 34),
            RGBColor(188, 140, 255),
            RGBColor(139, 148, 158),
        ],
    },
];

/// A curve, or only its points.
#[derive(Debug)]
pub(crate) struct Series {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    pub has_line: bool,
    pub has_marks: bool,
}

/// A plot to be drawn.
#[derive(Debug)]
pub(crate) struct Plot {
    /// `docs/images/bench-NAME-light.svg` and `-dark.svg`.
    pub name: &'static str,
    pub x: &'static str,
    pub y: &'static str,
    /// Where the curves leave room for their names.
    pub legend: SeriesLabelPosition,
    pub series: Vec<Series>,
}

impl Series {
    pub(crate) fn measured(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), points, has_line: true, has_marks: true }
    }
}

impl Plot {
    /// Draws it, if there is anything to draw.
    pub(crate) fn draw(&self) {
        if self.series.iter().all(|series| series.points.is_empty()) {
            return;
        }
        for theme in &THEMES {
            let file = root().join(format!("docs/images/bench-{}-{}.svg", self.name, theme.name));
            self.draw_in(theme, &file.to_string_lossy()).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, text.trim_end().to_owned() + "\n").unwrap();
        }
    }

    fn draw_in(&self, theme: &Theme, file: &str) -> Result<(), DrawingAreaErrorKind<io::Error>> {
        let area = SVGBackend::new(file, SIZE).into_drawing_area();
        area.fill(&theme.background)?;
        let (x, y) = (self.range(|point| point.0, 1.15), self.range(|point| point.1, 1.5));
        let font = |size: i32| ("sans-serif", size).into_font().color(&theme.text);
        let mut chart = ChartBuilder::on(&area)
            .margin(14)
            .x_label_area_size(48)
            .y_label_area_size(66)
            .build_cartesian_2d(x.log_scale(), y.log_scale())?;
        chart
            .configure_mesh()
            .axis_style(theme.grid)
            .bold_line_style(theme.grid)
            .light_line_style(TRANSPARENT)
            .label_style(font(14))
            .axis_desc_style(font(15))
            .x_desc(self.x)
            .y_desc(self.y)
            .x_label_formatter(&|value| tick(*value))
            .y_label_formatter(&|value| tick(*value))
            .draw()?;
        for (series, colour) in self.series.iter().zip(theme.colours.iter().copied().cycle()) {
            let line = if series.has_line { series.points.clone() } else { Vec::new() };
            chart
                .draw_series(LineSeries::new(line, colour.stroke_width(2)))?
                .label(&series.name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(4))
                });
            if series.has_marks {
                let mark = |point: &(f64, f64)| Circle::new(*point, 4, colour.filled());
                chart.draw_series(series.points.iter().map(mark))?;
            }
        }
        chart
            .configure_series_labels()
            .position(self.legend.clone())
            .background_style(theme.background.mix(0.85))
            .label_font(font(14))
            .margin(8)
            .draw()?;
        area.present()
    }

    /// From the least to the most, and a little more.
    fn range(&self, side: impl Fn(&(f64, f64)) -> f64, margin: f64) -> Range<f64> {
        let all = || self.series.iter().flat_map(|series| &series.points).map(&side);
        let least = all().fold(f64::INFINITY, f64::min);
        let most = all().fold(0.0, f64::max);
        least / margin..most * margin
    }
}
