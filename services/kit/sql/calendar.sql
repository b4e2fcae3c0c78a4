-- One row a day for the Jalali years 1300 to 1499, the same for every workspace: reports group by these columns.
-- The Gregorian checks compute what they can, so a wrong row cannot be stored; the Jalali names are unique together.
CREATE TABLE calendar_day (
    day date NOT NULL,
    weekday integer NOT NULL, -- Saturday is 0
    gregorian_year integer NOT NULL,
    gregorian_quarter integer NOT NULL,
    gregorian_month integer NOT NULL,
    gregorian_day integer NOT NULL,
    iso_year integer NOT NULL,
    iso_week integer NOT NULL,
    jalali_year integer NOT NULL,
    jalali_quarter integer NOT NULL,
    jalali_month integer NOT NULL,
    jalali_day integer NOT NULL,
    jalali_season text NOT NULL,
    jalali_fiscal_year integer NOT NULL, -- the fiscal year that begins on 1 Farvardin
    jalali_fiscal_quarter integer NOT NULL,
    CONSTRAINT pk_calendar_day PRIMARY KEY (day),
    CONSTRAINT uq_calendar_day_jalali UNIQUE (jalali_year, jalali_month, jalali_day),
    CONSTRAINT ck_calendar_day_weekday CHECK (weekday = mod(EXTRACT(isodow FROM day)::integer + 1, 7)),
    CONSTRAINT ck_calendar_day_gregorian CHECK (
        gregorian_year = EXTRACT(year FROM day)
        AND gregorian_quarter = EXTRACT(quarter FROM day)
        AND gregorian_month = EXTRACT(month FROM day)
        AND gregorian_day = EXTRACT(day FROM day)
    ),
    CONSTRAINT ck_calendar_day_iso_week CHECK (
        iso_year = EXTRACT(isoyear FROM day) AND iso_week = EXTRACT(week FROM day)
    ),
    CONSTRAINT ck_calendar_day_jalali_month CHECK (jalali_month BETWEEN 1 AND 12),
    CONSTRAINT ck_calendar_day_jalali_quarter CHECK (jalali_quarter = (jalali_month + 2) / 3),
    CONSTRAINT ck_calendar_day_jalali_day CHECK (
        jalali_day BETWEEN 1 AND CASE WHEN jalali_month <= 6 THEN 31 ELSE 30 END
    ),
    CONSTRAINT ck_calendar_day_jalali_season CHECK (
        jalali_season = (ARRAY['SPRING', 'SUMMER', 'AUTUMN', 'WINTER'])[jalali_quarter]
    ),
    CONSTRAINT ck_calendar_day_jalali_fiscal_quarter CHECK (jalali_fiscal_quarter BETWEEN 1 AND 4)
);
